//! The machine-readable time in a picture: how old is what a screen shows?
//!
//! # Layout
//! The time code takes the upper twelfth of the picture, over its whole width: 2 rows of 32 cells. All sizes are parts
//! of the picture's own, so that it may be scaled. With `W` and `H` the picture's width and height:
//!
//! - cell `c` (0 to 31, from the left) of row `r` (0 is the upper) reaches from `c * W / 32` to `(c + 1) * W / 32`
//!   and from `r * H / 24` to `(r + 1) * H / 24`; read it at its middle, `((c + 0.5) * W / 32, (r + 0.5) * H / 24)`,
//!   best as the mean of a few pixels around it;
//! - white (luma 235) is 1 and black (luma 16) is 0, both without colour;
//! - cell 0 is always white and cell 1 always black: the threshold is the mean of these two, and where they differ
//!   by less than a quarter of the range there is no time code;
//! - cells 2 to 25 are 24 bits of the time, the highest first; cells 26 to 31 are 6 bits of check, the highest first.
//!
//! Row 0 carries the upper 24 bits and row 1 the lower 24 bits of a 48-bit number: **milliseconds since the Unix
//! epoch**, as the clock of the device had it just before the picture went to the encoder. The check of a row is
//! `(a + b + c + d + 21 + 11 * r) mod 64`, where `a` to `d` are the four groups of 6 bits of its 24, so a torn
//! picture, an evenly black or white one, and a row in the wrong place are not taken for a time.

use super::Plane;
use std::time::{SystemTime, UNIX_EPOCH};

/// Cells of a row.
const CELLS: usize = 32;
/// Rows of cells that would fill the picture; two of them are drawn.
const ROWS: usize = 24;
const WHITE: u8 = 235;
const BLACK: u8 = 16;
/// Value of chroma samples without colour.
const NEUTRAL: u8 = 128;

/// Milliseconds since the epoch, now.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// 32 cells of row `row`, the leftmost in the highest bit.
fn row_bits(time_ms: u64, row: usize) -> u32 {
    let shift = if row == 0 { 24 } else { 0 };
    let time = u32::try_from((time_ms >> shift) & 0xFF_FFFF).unwrap_or(0);
    (1 << 31) | (time << 6) | check(time, row)
}

fn check(time: u32, row: usize) -> u32 {
    let groups = (time & 63) + (time >> 6 & 63) + (time >> 12 & 63) + (time >> 18 & 63);
    (groups + 21 + if row == 0 { 0 } else { 11 }) & 63
}

/// Draws the time code into a picture's planes: luma, then one or two planes of chroma.
pub(crate) fn draw(luma: &mut Plane<'_>, chroma: &mut [Plane<'_>], time_ms: u64) {
    for row in 0..2 {
        let bits = row_bits(time_ms, row);
        let (top, bottom) = (row * luma.height / ROWS, (row + 1) * luma.height / ROWS);
        for cell in 0..CELLS {
            let (left, right) = (cell * luma.width / CELLS, (cell + 1) * luma.width / CELLS);
            let value = if bits & (1 << (CELLS - 1 - cell)) != 0 { WHITE } else { BLACK };
            luma.fill(left, top, right - left, bottom - top, value);
        }
    }
    for plane in chroma {
        let (width, height) = (plane.width, (2 * plane.height).div_ceil(ROWS));
        plane.fill(0, 0, width, height, NEUTRAL);
    }
}

/// Reads the time code from a plane of luma: `width` by `height` pixels, rows `stride` bytes apart.
#[must_use]
pub fn read(luma: &[u8], stride: usize, width: usize, height: usize) -> Option<u64> {
    let mut time = 0;
    for row in 0..2 {
        let cells: Vec<u32> =
            (0..CELLS).map(|cell| mean(luma, stride, width, height, cell, row)).collect::<Option<_>>()?;
        let (white, black) = (*cells.first()?, *cells.get(1)?);
        if white < black + 64 {
            return None;
        }
        let bits =
            cells.iter().fold(0_u32, |bits, value| bits << 1 | u32::from(*value > (white + black) / 2));
        let data = bits >> 6 & 0xFF_FFFF;
        if bits >> 30 != 0b10 || bits & 63 != check(data, row) {
            return None;
        }
        time = time << 24 | u64::from(data);
    }
    Some(time)
}

/// Mean of 3 by 3 pixels in the middle of a cell.
fn mean(luma: &[u8], stride: usize, width: usize, height: usize, cell: usize, row: usize) -> Option<u32> {
    let x = (2 * cell + 1) * width / (2 * CELLS);
    let y = (2 * row + 1) * height / (2 * ROWS);
    let mut sum = 0;
    for line in y.checked_sub(1)?..=y + 1 {
        let start = (line * stride + x).checked_sub(1)?;
        sum += luma.get(start..start + 3)?.iter().map(|value| u32::from(*value)).sum::<u32>();
    }
    Some(sum / 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: usize, height: usize, time_ms: u64) -> Vec<u8> {
        let mut data = vec![90; width * height];
        let mut luma = Plane { data: &mut data, stride: width, width, height };
        draw(&mut luma, &mut [], time_ms);
        data
    }

    #[test]
    fn what_is_drawn_is_read_at_every_size() {
        for (width, height) in [(1280, 720), (640, 360), (320, 180), (1920, 1080), (640, 480), (720, 1280)] {
            for time in [0, 1, 1_790_000_000_123, (1 << 48) - 1] {
                let picture = drawn(width, height, time);
                assert_eq!(read(&picture, width, width, height), Some(time), "{width}x{height}");
            }
        }
    }

    #[test]
    fn what_is_no_time_code_is_not_read() {
        for value in [0, 16, 128, 235, 255] {
            assert_eq!(read(&vec![value; 320 * 180], 320, 320, 180), None);
        }
        assert_eq!(read(&[], 0, 0, 0), None);
        assert_eq!(read(&[235; 10], 1280, 1280, 720), None);
        let old = drawn(320, 180, 1_790_000_000_123);
        let mut torn = drawn(320, 180, 1_790_000_000_156);
        torn[..320 * 4].copy_from_slice(&old[..320 * 4]);
        let time = read(&torn, 320, 320, 180);
        assert!(time.is_none() || time == Some(1_790_000_000_156), "{time:?}");
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let mut picture = drawn(320, 180, 1_790_000_000_123);
        for line in 8..15 {
            for pixel in &mut picture[line * 320 + 100..line * 320 + 110] {
                *pixel = 251 - *pixel;
            }
        }
        assert_eq!(read(&picture, 320, 320, 180), None);
    }
}
