//! `[files]`: the folders that viewers see, and how much they may put there.

use bytesize::ByteSize;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[files]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Files {
    /// The folders; none: one called `files`, in the state folder.
    pub roots: Vec<Root>,
    /// Most bytes under all writable folders together; 0: viewers reach no files at all.
    pub quota: ByteSize,
    /// Largest file that is taken; 0: as the quota.
    pub largest: ByteSize,
    /// Bytes that uploads leave free on a disk.
    pub floor: ByteSize,
    /// Days that an unfinished upload is kept.
    pub keep_days: u32,
}

/// One folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Root {
    /// What viewers call it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether viewers may change anything in it.
    #[serde(default)]
    pub writable: bool,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            quota: ByteSize::gib(4),
            largest: ByteSize::b(0),
            floor: ByteSize::mib(256),
            keep_days: 7,
        }
    }
}

impl Files {
    /// Bounds that a type cannot tell. The sentence names the key and what it may be.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(root) = self.roots.iter().find(|root| !root.path.is_absolute()) {
            return Err(format!("files.roots: the path of {:?} must begin with /", root.name));
        }
        if self.keep_days == 0 {
            return Err("files.keep_days must be at least 1".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::file::parse;
    use anyhow::Result;
    use bytesize::ByteSize;

    #[test]
    fn folders_and_sizes_are_written_as_people_write_them() -> Result<()> {
        let text = r#"
            [files]
            quota = "1.5 GiB"
            floor = 0
            roots = [{ name = "photos", path = "/srv/photos" }, { name = "in", path = "/srv/in", writable = true }]
        "#;
        let files = parse(text)?.files;
        assert_eq!((files.quota, files.floor), (ByteSize::mib(1536), ByteSize::b(0)));
        assert_eq!((files.roots[0].writable, files.roots[1].writable), (false, true));
        Ok(())
    }

    #[test]
    fn mistakes_are_sentences() {
        for (text, part) in [
            ("quota = \"lots\"", "line 2"),
            ("roots = [{ name = \"a\", path = \"b\" }]", "must begin with /"),
            ("roots = [{ name = \"a\", path = \"/b\", writeable = true }]", "did you mean `writable`?"),
            ("keep_days = 0", "files.keep_days"),
        ] {
            let error = parse(&format!("[files]\n{text}\n")).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
