package io.caravan.kernels;

/**
 * Where the rows of a step stand in their sequences.
 *
 * @param positions [rows] position of each row in its sequence
 * @param tables [rows] each row's block table; rows of one sequence share theirs
 */
public record PagedRows(int[] positions, int[][] tables) {
    public PagedRows {
        if (positions.length != tables.length) {
            throw new IllegalArgumentException(positions.length + " positions but " + tables.length + " block tables");
        }
    }

    public int rowCount() {
        return positions.length;
    }
}
