//! Partial files that nobody came back for.

use super::partial::Names;
use super::root::{Hidden, Root};
use super::tree::{Inner, Tree};
use std::collections::BTreeSet;
use std::io;
use std::time::SystemTime;

impl Tree {
    /// Removes partial files that have been untouched for longer than they are kept, and counts again what is in the
    /// folders. To be called once a day; takes as long as a walk through all writable roots.
    pub fn sweep(&self) {
        for (index, root) in self.0.writable() {
            match self.0.sweep_root(index, root) {
                Ok(0) => {}
                Ok(removed) => log::info!(
                    "files: {removed} unfinished uploads of {} are removed",
                    root.name.escape_debug()
                ),
                Err(error) => log::warn!(
                    "files: the unfinished uploads of {} cannot be swept: {error}",
                    root.name.escape_debug()
                ),
            }
        }
        self.0.recount();
    }
}

impl Inner {
    /// Counts the partial files that earlier runs have left.
    pub(super) fn count_partials(&self) {
        for (index, root) in self.writable() {
            let Ok(hidden) = root.hidden() else { continue };
            for id in ids(&hidden).unwrap_or_default() {
                let bytes = Names::of_id(&id).len(&hidden);
                self.space.set_partial(&(index, id), bytes);
            }
        }
    }

    fn writable(&self) -> impl Iterator<Item = (usize, &Root)> {
        self.roots.iter().enumerate().filter(|(_, root)| root.writable)
    }

    fn sweep_root(&self, index: usize, root: &Root) -> io::Result<usize> {
        let hidden = root.hidden()?;
        let mut removed = 0;
        for id in ids(&hidden)? {
            // What is claimed is in use.
            let Ok(_claim) = self.claims.claim((index, id.clone())) else { continue };
            let names = Names::of_id(&id);
            if !self.is_old(&hidden, &names) || names.are_locked(&hidden) {
                continue;
            }
            names.remove(&hidden)?;
            self.space.set_partial(&(index, id), None);
            removed += 1;
        }
        Ok(removed)
    }

    /// One without the other is of no use to anybody.
    fn is_old(&self, hidden: &Hidden, names: &Names) -> bool {
        let touched = |name: &str| hidden.dir.symlink_metadata(name).and_then(|metadata| metadata.modified());
        let (Ok(part), Ok(index)) = (touched(&names.part), touched(&names.index)) else { return true };
        // A time to come is that of a board whose clock was wrong, then or now.
        let age = SystemTime::now().duration_since(part.max(index).into_std());
        age.is_ok_and(|age| age > self.keep_partials)
    }
}

/// What the names in the hidden folder are made of, as far as they are ours.
fn ids(hidden: &Hidden) -> io::Result<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    for entry in hidden.dir.entries()? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        let Some((id, "part" | "index")) = name.split_once('.') else { continue };
        if id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            ids.insert(id.to_owned());
        }
    }
    Ok(ids)
}
