//! What lies beside a partial file: for which upload it is, and what of it is on the disk for certain.
//!
//! A header, then an entry for each whole MiB: its BLAKE3 chaining value, and a check that ties the entry to this
//! header and its place. An entry is written only after its MiB was synced; so an entry that holds proves its MiB,
//! and one that does not hold (torn, or blocks that a crash left empty) ends the list.

use super::hash::PIECE;
use blake3::hazmat::ChainingValue;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

const MAGIC: &[u8; 16] = b"watchword part 1";
const CHECK: usize = 8;
const ENTRY: usize = blake3::OUT_LEN + CHECK;

/// Which upload a partial file belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) path: String,
    pub(super) size: u64,
    /// Milliseconds since the epoch.
    pub(super) created_ms: u64,
}

/// An open index.
pub(super) struct Index {
    file: File,
    /// Of the header; the key of the checks.
    digest: [u8; 32],
    /// Where the entries begin.
    start: u64,
    entries: u64,
}

impl Index {
    /// Writes the header into a new, empty file.
    pub(super) fn create(file: File, header: &Header) -> io::Result<Self> {
        let bytes = header.to_bytes();
        file.write_all_at(&bytes, 0)?;
        Ok(Self { file, digest: digest(&bytes), start: bytes.len() as u64, entries: 0 })
    }

    /// Reads a file of an earlier run. `None`: it belongs to something else, or is not whole.
    pub(super) fn read(file: File, path: &str, size: u64) -> io::Result<Option<Self>> {
        // Only the time of its making is not known, so the header's length is.
        let expected = Header { path: path.to_owned(), size, created_ms: 0 }.to_bytes();
        let mut bytes = vec![0; expected.len()];
        if let Err(error) = file.read_exact_at(&mut bytes, 0) {
            return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
        }
        let created_ms = u64::from_le_bytes(array(&bytes[24..32]));
        let header = Header { path: path.to_owned(), size, created_ms };
        if bytes != header.to_bytes() {
            return Ok(None);
        }
        let mut index = Self { file, digest: digest(&bytes), start: bytes.len() as u64, entries: 0 };
        while index.entries < size / PIECE && index.entry(index.entries)?.is_some() {
            index.entries += 1;
        }
        Ok(Some(index))
    }

    /// How many entries hold.
    pub(super) fn len(&self) -> u64 {
        self.entries
    }

    /// The chaining value of a piece, if its entry holds.
    pub(super) fn entry(&self, piece: u64) -> io::Result<Option<ChainingValue>> {
        let mut bytes = [0; ENTRY];
        match self.file.read_exact_at(&mut bytes, self.position(piece)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let value: ChainingValue = array(&bytes[..blake3::OUT_LEN]);
        Ok((self.check(piece, &value) == bytes[blake3::OUT_LEN..]).then_some(value))
    }

    /// Adds entries for the pieces that follow, whose bytes were synced, and syncs them.
    pub(super) fn append(&mut self, values: &[ChainingValue]) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(values.len() * ENTRY);
        for (piece, value) in (self.entries..).zip(values) {
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(&self.check(piece, value));
        }
        self.file.write_all_at(&bytes, self.position(self.entries))?;
        self.file.sync_data()?;
        self.entries += values.len() as u64;
        Ok(())
    }

    /// Forgets all entries after the first `entries`.
    pub(super) fn truncate(&mut self, entries: u64) -> io::Result<()> {
        self.file.set_len(self.position(entries))?;
        self.entries = entries;
        Ok(())
    }

    fn position(&self, piece: u64) -> u64 {
        self.start + piece * ENTRY as u64
    }

    fn check(&self, piece: u64, value: &ChainingValue) -> [u8; CHECK] {
        let mut hasher = blake3::Hasher::new_keyed(&self.digest);
        hasher.update(&piece.to_le_bytes()).update(value);
        array(&hasher.finalize().as_bytes()[..CHECK])
    }
}

impl Header {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.size.to_le_bytes());
        bytes.extend_from_slice(&self.created_ms.to_le_bytes());
        bytes.extend_from_slice(&(self.path.len() as u64).to_le_bytes());
        bytes.extend_from_slice(self.path.as_bytes());
        bytes.extend_from_slice(&digest(&bytes));
        bytes
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

/// The first bytes of a slice that has enough of them.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header { path: "files/a".to_owned(), size: 20 * PIECE, created_ms: 1_700_000_000_000 }
    }

    #[test]
    fn entries_hold_until_the_first_that_is_torn() {
        let file = tempfile::tempfile().unwrap();
        let again = || file.try_clone().unwrap();
        let values: Vec<ChainingValue> = (1..=9).map(|n| [n; 32]).collect();
        let mut index = Index::create(again(), &header()).unwrap();
        index.append(&values[..4]).unwrap();
        index.append(&values[4..]).unwrap();
        let read = || Index::read(again(), "files/a", 20 * PIECE).unwrap().unwrap();
        assert_eq!(read().len(), 9);
        assert_eq!(read().entry(8).unwrap(), Some([9; 32]));
        assert_eq!(read().entry(9).unwrap(), None);

        let whole = file.metadata().unwrap().len();
        for cut in 1..=ENTRY as u64 {
            file.set_len(whole - cut).unwrap();
            assert_eq!(read().len(), 8, "{cut}");
        }
        // What was cut off is there again, but empty.
        file.set_len(whole).unwrap();
        assert_eq!(read().len(), 8);
        file.write_all_at(&[0; 4], index.position(3)).unwrap();
        assert_eq!(read().len(), 3);
        // An entry holds in its own place only.
        let mut entry = [0; ENTRY];
        file.read_exact_at(&mut entry, index.position(1)).unwrap();
        file.write_all_at(&entry, index.position(0)).unwrap();
        assert_eq!(read().len(), 0);
    }

    #[test]
    fn an_index_is_for_one_upload() {
        let file = tempfile::tempfile().unwrap();
        let again = || file.try_clone().unwrap();
        Index::create(again(), &header()).unwrap().append(&[[1; 32]]).unwrap();
        assert!(Index::read(again(), "files/b", 20 * PIECE).unwrap().is_none());
        assert!(Index::read(again(), "files/a", 19 * PIECE).unwrap().is_none());
        // Entries under another header, of the same upload begun at another time.
        Index::create(again(), &Header { created_ms: 1, ..header() }).unwrap();
        assert_eq!(Index::read(again(), "files/a", 20 * PIECE).unwrap().unwrap().len(), 0);
        for len in 0..40 {
            file.set_len(len).unwrap();
            assert!(Index::read(again(), "files/a", 20 * PIECE).unwrap().is_none());
        }
    }
}
