package io.caravan.model.layer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeadTest {

    @Test
    void shouldBoundTheLogitsOfAGroupByBytes() {
        assertThat(Head.groupRows(128_256, 512)).isEqualTo(16);
        assertThat(Head.groupRows(1024, 512)).isEqualTo(512);
        assertThat(Head.groupRows(1024, 4096)).isEqualTo(2048);
        assertThat(Head.groupRows(Integer.MAX_VALUE, 512)).isEqualTo(1);
    }
}
