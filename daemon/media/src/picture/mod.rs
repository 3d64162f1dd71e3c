//! Pictures that this program draws itself.

mod canvas;
mod font;
mod pattern;
pub mod timecode;

pub(crate) use canvas::{Canvas, Plane};
pub(crate) use pattern::Pattern;
