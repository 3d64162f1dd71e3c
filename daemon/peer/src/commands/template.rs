//! One word of a command line, with places for values.

/// Text and places for values. What is filled in is not looked at again: a value cannot bring a place of its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// Index of the argument.
    Value(usize),
}

/// Why a template cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TemplateError {
    #[error("{text:?} has a brace without its other; write {{{{ and }}}} for braces that are meant")]
    Brace { text: String },
    #[error(
        "{text:?} uses {{{name}}}, and args has no such argument; write {{{{ and }}}} for braces that are meant"
    )]
    Unknown { text: String, name: String },
}

impl Template {
    /// Reads `text`; `index` finds an argument by its name.
    pub(super) fn parse(text: &str, index: impl Fn(&str) -> Option<usize>) -> Result<Self, TemplateError> {
        let brace = || TemplateError::Brace { text: text.to_owned() };
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let (here, after) = rest[at..].split_at(1);
            if let Some(twice) = after.strip_prefix(here) {
                plain.push_str(here);
                rest = twice;
                continue;
            }
            let (name, after) = match here {
                "{" => after.split_once('}').ok_or_else(brace)?,
                _ => return Err(brace()),
            };
            let unknown = || TemplateError::Unknown { text: text.to_owned(), name: name.to_owned() };
            let value = index(name).ok_or_else(unknown)?;
            parts.extend([Part::Text(std::mem::take(&mut plain)), Part::Value(value)]);
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(Self(parts))
    }

    /// Indices of the arguments that it uses.
    pub(super) fn uses(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Value(index) => Some(*index),
        })
    }

    /// The word, with values by index.
    pub(super) fn fill(&self, values: &[&str]) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.as_str(),
                // Indices come from the same list as the values: there is one for each.
                Part::Value(index) => values.get(*index).copied().unwrap_or_default(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Template, TemplateError> {
        Template::parse(text, |name| ["one", "two"].iter().position(|known| *known == name))
    }

    #[test]
    fn values_are_filled_in_once() {
        let fill = |text: &str| parse(text).unwrap().fill(&["{two}", "2}}"]);
        assert_eq!(fill("{one}"), "{two}");
        assert_eq!(fill("--a={one},{two}{one}!"), "--a={two},2}}{two}!");
        assert_eq!(fill("plain"), "plain");
        assert_eq!(fill(""), "");
        assert_eq!(fill("{{one}} }}{{"), "{one} }{");
        assert_eq!(fill("{{{one}}}"), "{{two}}");
        assert_eq!(parse("ä{two}ö{one}").unwrap().uses().collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn braces_that_mean_nothing_are_refused() {
        for text in ["{", "}", "a{one", "one}", "{{one}", "{one}}"] {
            assert!(matches!(parse(text), Err(TemplateError::Brace { .. })), "{text}");
        }
        for (text, unknown) in
            [("{three}", "three"), ("{}", ""), ("{ one}", " one"), ("{one{two}", "one{two")]
        {
            let error = parse(text).unwrap_err();
            assert_eq!(error, TemplateError::Unknown { text: text.to_owned(), name: unknown.to_owned() });
        }
        let said = parse("{three}").unwrap_err().to_string();
        assert!(said.contains("uses {three}") && said.contains("write {{ and }}"), "{said}");
    }
}
