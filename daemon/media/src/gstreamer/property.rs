//! Properties of elements that other versions may not have: setting them is never a panic.

use gst::glib::{ParamFlags, ParamSpecInt, ParamSpecUInt, Value};
use gst::prelude::*;

/// Sets a property from its text, as `gst-launch-1.0` does; numbers are brought into its range. Where the element has
/// no such property or knows no such value, it stays as it is, and the answer is `false`.
pub(crate) fn set(element: &gst::Element, name: &str, value: &str) -> bool {
    let set = writable(element, name).and_then(|property| {
        let value = within(&property, value);
        let value = <Value as GstValueExt>::deserialize_with_pspec(&value, &property).ok()?;
        element.set_property_from_value(name, &value);
        Some(())
    });
    said(element, name, set)
}

/// Sets a property that holds a structure; as [`set`].
pub(crate) fn set_structure(element: &gst::Element, name: &str, structure: &gst::Structure) -> bool {
    let set = writable(element, name)
        .filter(|property| property.value_type() == gst::Structure::static_type())
        .map(|_| element.set_property(name, structure));
    said(element, name, set)
}

fn writable(element: &gst::Element, name: &str) -> Option<gst::glib::ParamSpec> {
    element.find_property(name).filter(|property| {
        property.flags().contains(ParamFlags::WRITABLE)
            && !property.flags().contains(ParamFlags::CONSTRUCT_ONLY)
    })
}

/// A number outside the range of its property would be a panic.
fn within(property: &gst::glib::ParamSpec, value: &str) -> String {
    let Ok(number) = value.parse::<i64>() else { return value.to_owned() };
    let range = property
        .downcast_ref::<ParamSpecUInt>()
        .map(|range| (i64::from(range.minimum()), i64::from(range.maximum())))
        .or_else(|| {
            let range = property.downcast_ref::<ParamSpecInt>()?;
            Some((i64::from(range.minimum()), i64::from(range.maximum())))
        });
    range.map_or(number, |(least, most)| number.clamp(least, most)).to_string()
}

fn said(element: &gst::Element, name: &str, set: Option<()>) -> bool {
    if set.is_none() {
        let kind = element.factory().map(|factory| factory.name()).unwrap_or_default();
        log::debug!("{kind} here has no such property or value: {name}");
    }
    set.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gstreamer::element;

    #[test]
    fn what_is_not_there_is_left_alone() {
        let encoder = element("x264enc").unwrap();
        assert!(set(&encoder, "bitrate", "700"));
        assert_eq!(encoder.property::<u32>("bitrate"), 700);
        assert!(set(&encoder, "bitrate", "99999999999"), "brought into its range");
        assert!(encoder.property::<u32>("bitrate") > 700);
        assert!(set(&encoder, "threads", "-5"));
        assert_eq!(encoder.property::<u32>("threads"), 0);
        assert!(set(&encoder, "speed-preset", "superfast"));
        for (name, value) in
            [("no-such", "1"), ("bitrate", "many"), ("speed-preset", "warp"), ("byte-stream", "7.5")]
        {
            assert!(!set(&encoder, name, value), "{name}={value}");
        }
        let structure = gst::Structure::builder("controls").field("a", 1).build();
        assert!(!set_structure(&encoder, "bitrate", &structure));
        assert!(!set_structure(&encoder, "extra-controls", &structure));
    }
}
