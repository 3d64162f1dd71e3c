//! Drawing into a planar 4:2:0 picture.

/// One plane of a picture.
pub(crate) struct Plane<'a> {
    pub(crate) data: &'a mut [u8],
    /// Bytes from one row to the next.
    pub(crate) stride: usize,
    /// Bytes of a row that are picture.
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Plane<'_> {
    /// Fills a rectangle; what lies outside is left out.
    pub(crate) fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, value: u8) {
        let right = (x + width).min(self.width);
        for row in y..(y + height).min(self.height) {
            let start = row * self.stride;
            if let Some(pixels) = self.data.get_mut(start + x..start + right.max(x)) {
                pixels.fill(value);
            }
        }
    }
}

/// A colour: BT.601 or BT.709 limited range, luma 16 to 235, chroma around 128.
pub(crate) type Yuv = (u8, u8, u8);

/// An I420 picture.
pub(crate) struct Canvas<'a> {
    pub(crate) luma: Plane<'a>,
    /// Blue and red difference, half as wide and high.
    pub(crate) chroma: [Plane<'a>; 2],
}

impl Canvas<'_> {
    pub(crate) fn width(&self) -> usize {
        self.luma.width
    }

    pub(crate) fn height(&self) -> usize {
        self.luma.height
    }

    /// Fills a rectangle. Chroma goes by the half pixel, so odd edges bleed by one.
    pub(crate) fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, colour: Yuv) {
        self.luma.fill(x, y, width, height, colour.0);
        let (left, top) = (x / 2, y / 2);
        let (right, bottom) = ((x + width).div_ceil(2), (y + height).div_ceil(2));
        let [blue, red] = &mut self.chroma;
        blue.fill(left, top, right - left, bottom - top, colour.1);
        red.fill(left, top, right - left, bottom - top, colour.2);
    }

    /// Fills a disc.
    pub(crate) fn disc(&mut self, x: usize, y: usize, radius: usize, colour: Yuv) {
        for row in 0..=radius * 2 {
            let dy = row.abs_diff(radius);
            let half = (radius * radius - dy * dy).isqrt();
            if let (Some(left), Some(top)) = (x.checked_sub(half), (y + row).checked_sub(radius)) {
                self.fill(left, top, half * 2 + 1, 1, colour);
            }
        }
    }
}
