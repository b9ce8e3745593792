/* How weights lie in files: blocks of some columns of a row, one behind the other. */
#ifndef CARAVAN_FORMATS_H
#define CARAVAN_FORMATS_H

#include "layout.h"

/* formats of files, by Kind's order in Java, with the layout that each is packed into */
enum file { FILE_F32, FILE_F16, FILE_BF16, FILE_Q8_0, FILE_Q4_0, FILE_Q4_K, FILE_Q6_K, FILE_Q3_K, FILE_Q5_0, FILE_IQ4_NL,
            FILE_Q4_1, FILE_Q5_1, FILE_Q5_K, FILE_Q2_K };

static const struct {
    enum kind kind;
    long columns, bytes; /* of a block in the file */
} formats[] = {
    [FILE_F32] = {KIND_F32, 1, 4},         [FILE_F16] = {KIND_F16, 1, 2},       [FILE_BF16] = {KIND_BF16, 1, 2},
    [FILE_Q8_0] = {KIND_Q8_0, 32, 34},     [FILE_Q4_0] = {KIND_Q4_0, 32, 18},   [FILE_Q4_K] = {KIND_Q4_K, 256, 144},
    [FILE_Q6_K] = {KIND_Q6_K, 256, 210},   [FILE_Q3_K] = {KIND_Q6_K, 256, 110}, [FILE_Q5_0] = {KIND_Q8_0, 32, 22},
    [FILE_IQ4_NL] = {KIND_Q8_0, 32, 18},   [FILE_Q4_1] = {KIND_BYTES, 32, 20},  [FILE_Q5_1] = {KIND_BYTES, 32, 24},
    [FILE_Q5_K] = {KIND_BYTES, 256, 176},  [FILE_Q2_K] = {KIND_Q2_K, 256, 84},
};

#endif
