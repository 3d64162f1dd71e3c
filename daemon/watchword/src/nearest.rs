//! What somebody who made a slip has probably meant.

/// The nearest of these names, if one is near.
pub(crate) fn nearest<'a>(slip: &str, names: &[&'a str]) -> Option<&'a str> {
    names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(slip, name), *name))
        .filter(|(distance, _)| *distance <= 1 + slip.len() / 4)
        .min()
        .map(|(_, name)| name)
}

/// The end of a sentence about it, such as `: did you mean "test"?`; empty where nothing is near.
pub(crate) fn did_you_mean(slip: &str, names: &[&str]) -> String {
    nearest(slip, names).map_or_else(String::new, |name| format!(": did you mean {name:?}?"))
}
