//! Paths on the device, as a person writes them.
//!
//! They begin with the name of one of its top folders, such as `files/photos/cat.jpg`. Where there is only one (or only
//! one that can be written), its name may be left out: `photos/cat.jpg`. With a `/` at the beginning nothing is left
//! out: `/files/photos/cat.jpg`, and `/` is the list of top folders.

use crate::client::{Failure, Session, printable};
use protocol::{
    control::{FileEntry, FilesList, FilesPage, method},
    grant::Right,
};

/// The top folder of a device whose owner named none, for words that may not list them.
const USUAL: &str = "files";

/// The device's top folders.
pub(super) struct Roots(Vec<FileEntry>);

impl Roots {
    /// Asks for them; where the word may not know them, the usual one is taken for granted.
    pub(super) async fn ask(session: &mut Session) -> Result<Self, Failure> {
        if session.needs(Right::Files).is_err() {
            return Ok(Self(Vec::new()));
        }
        let page: FilesPage = session.ask(method::FILES_LIST, &FilesList::default()).await?;
        if page.entries.is_empty() {
            return Err(Failure::Failed(
                "the device has no folders for files: its owner configured none".into(),
            ));
        }
        Ok(Self(page.entries))
    }

    /// What it means that the device does not find the top folder of a whole path.
    pub(super) fn missing(path: &str) -> Failure {
        no_top(path.split('/').next().unwrap_or_default(), "")
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|root| root.name == name)
    }

    fn names(&self) -> String {
        self.0.iter().map(|root| root.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The only one there is, if so.
    pub(super) fn only(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(USUAL),
            [one] => Some(&one.name),
            more => {
                let mut writable = more.iter().filter(|root| root.writable);
                writable.next().filter(|_| writable.next().is_none()).map(|root| root.name.as_str())
            }
        }
    }

    /// The whole path.
    ///
    /// # Errors
    /// [`Failure::Usage`] where it does not say in which of several top folders it is; [`Failure::Failed`] where it
    /// begins with one that is not there.
    pub(super) fn whole(&self, typed: &str) -> Result<String, Failure> {
        let path = typed.trim_matches('/');
        let first = path.split('/').next().unwrap_or_default();
        if typed.starts_with('/') && !path.is_empty() && !self.0.is_empty() && !self.has(first) {
            let there = format!("; there is {}", self.names());
            return Err(no_top(first, &there));
        }
        if typed.starts_with('/') || first == USUAL && self.0.is_empty() || self.has(first) {
            return Ok(path.to_owned());
        }
        match self.only() {
            Some(root) if path.is_empty() => Ok(root.to_owned()),
            Some(root) => Ok(format!("{root}/{path}")),
            None => {
                let first = self.0.first().map_or("", |root| root.name.as_str());
                Err(Failure::Usage(format!(
                    "say in which of the device's folders: {} (such as {}/{})",
                    printable(&self.names()),
                    printable(first),
                    printable(if path.is_empty() { "..." } else { path })
                )))
            }
        }
    }
}

/// The device has no such top folder; `there` goes on with those that it has.
fn no_top(name: &str, there: &str) -> Failure {
    Failure::Failed(format!("the device has no top folder {name:?}{}", printable(there)))
}

/// The last name of a path, which is what a file is called here: no folder of this machine is in it.
pub(super) fn last_name(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    let is_name = !matches!(name, "" | "." | "..") && !name.contains('\0');
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::control::FileKind;

    fn roots(names: &[(&str, bool)]) -> Roots {
        let entry = |(name, writable): &(&str, bool)| FileEntry {
            name: (*name).to_owned(),
            kind: FileKind::Folder,
            size: 0,
            modified_ms: 0,
            writable: *writable,
        };
        Roots(names.iter().map(entry).collect())
    }

    #[test]
    fn the_only_folder_need_not_be_named() {
        for one in [roots(&[("files", true)]), roots(&[]), roots(&[("media", false), ("files", true)])] {
            assert_eq!(one.whole("a/b").unwrap(), "files/a/b");
            assert_eq!(one.whole("files/a").unwrap(), "files/a");
            assert_eq!(one.whole("/files/b/").unwrap(), "files/b", "nothing is left out");
            assert_eq!(one.whole("").unwrap(), "files");
            assert_eq!(one.whole("/").unwrap(), "");
        }
        assert_eq!(roots(&[("media", false), ("files", true)]).whole("media/x").unwrap(), "media/x");
    }

    #[test]
    fn a_top_folder_that_is_not_there_is_told_with_those_that_are() {
        let failure = roots(&[("a", true), ("b", true)]).whole("/nofolder/x").unwrap_err();
        assert_eq!(failure.to_string(), "the device has no top folder \"nofolder\"; there is a, b");
        assert_eq!(failure.exit_code(), 1);
        assert_eq!(roots(&[]).whole("/a/b/").unwrap(), "a/b", "who may not list leaves it to the device");
    }

    #[test]
    fn of_several_one_has_to_be_named() {
        let several = roots(&[("a", true), ("b", true)]);
        assert_eq!(several.whole("b/x").unwrap(), "b/x");
        let failure = several.whole("x").unwrap_err();
        assert_eq!(failure.to_string(), "say in which of the device's folders: a, b (such as a/x)");
        assert_eq!(failure.exit_code(), 2);
    }

    #[test]
    fn a_name_leads_nowhere() {
        assert_eq!(last_name("files/a/b.txt"), Some("b.txt"));
        for none in ["", "files/..", ".", "a/", "x\0y"] {
            assert_eq!(last_name(none), None, "{none:?}");
        }
    }
}
