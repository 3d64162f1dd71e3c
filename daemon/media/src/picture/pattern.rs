//! The test picture: something to look at where there is no camera.

use super::{Canvas, canvas::Yuv, font, timecode};

const INK: Yuv = (225, 128, 128);
const FAINT: Yuv = (140, 134, 122);
const PANEL: Yuv = (28, 134, 122);
const BALL: Yuv = (180, 40, 160);

/// Bars of colour, limited range: white, yellow, cyan, green, magenta, red, blue.
const BARS: [Yuv; 7] = [
    (180, 128, 128),
    (168, 44, 136),
    (145, 147, 44),
    (133, 63, 52),
    (63, 193, 204),
    (51, 109, 212),
    (28, 212, 120),
];

/// Draws the test picture: colour bars, a clock, and things that move.
pub(crate) struct Pattern {
    caption: String,
}

impl Pattern {
    /// `caption` is shown under the clock: letters, digits, `:.-` and spaces.
    pub(crate) fn new(caption: String) -> Self {
        Self { caption }
    }

    /// What does not move: drawn once, then copied.
    pub(crate) fn background(&self, canvas: &mut Canvas<'_>) {
        let (width, height) = (canvas.width(), canvas.height());
        for row in (0..height).step_by(2) {
            let shade = u8::try_from(row * 50 / height.max(1)).unwrap_or(0);
            canvas.fill(0, row, width, 2, (30 + shade, 142 - shade / 4, 116));
        }
        let (top, bar) = (height * 3 / 4, height / 6);
        for (index, colour) in BARS.into_iter().enumerate() {
            let left = index * width / BARS.len();
            canvas.fill(left, top, (index + 1) * width / BARS.len() - left, bar, colour);
        }
        for step in 0..32 {
            let (left, right) = (step * width / 32, (step + 1) * width / 32);
            let value = u8::try_from(16 + step * 219 / 31).unwrap_or(235);
            canvas.fill(left, top + bar, right - left, height - top - bar, (value, 128, 128));
        }
        let (x, y, w, h) = panel(width, height);
        canvas.fill(x, y, w, h, PANEL);
        let square = (width / 320).max(1);
        let left = (width.saturating_sub(font::width(&self.caption, square))) / 2;
        font::draw(canvas, &self.caption, left, y + h - square * (font::ROWS + 4), square, FAINT);
    }

    /// What moves, over the background. `clock` is the time for people, such as `17:04:59.123`.
    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>, time_ms: u64, clock: &str) {
        let (width, height) = (canvas.width(), canvas.height());
        let (_, y, _, h) = panel(width, height);
        let square = (width * 5 / 8 / (font::ADVANCE * clock.len().max(1))).max(1);
        let left = width.saturating_sub(font::width(clock, square)) / 2;
        font::draw(canvas, clock, left, y + h / 6, square, INK);

        let radius = height / 24;
        let track = width.saturating_sub(radius * 4);
        let x = radius * 2 + swing(time_ms, 4_000, track);
        let bounce = height / 8 - swing(time_ms, 1_000, height / 8).pow(2) / (height / 8).max(1);
        canvas.disc(x, height * 3 / 4 - radius - 2 - bounce.min(height / 12), radius, BALL);

        let second = usize::try_from(time_ms % 1_000).unwrap_or(0);
        canvas.fill(0, height * 3 / 4 - 4, second * width / 1_000, 4, INK);
        timecode::draw(&mut canvas.luma, &mut canvas.chroma, time_ms);
    }
}

/// The clock's panel: x, y, width, height.
fn panel(width: usize, height: usize) -> (usize, usize, usize, usize) {
    (width / 8, height / 5, width * 3 / 4, height * 3 / 10)
}

/// There and back between 0 and `range` once a period, evenly.
fn swing(time_ms: u64, period_ms: u64, range: usize) -> usize {
    let half = period_ms / 2;
    let phase = time_ms % period_ms;
    let way = if phase < half { phase } else { period_ms - phase };
    usize::try_from(way).unwrap_or(0) * range / usize::try_from(half.max(1)).unwrap_or(1)
}
