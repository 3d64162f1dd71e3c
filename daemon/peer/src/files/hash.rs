//! BLAKE3 in pieces of a MiB, so that a transfer that goes on in the middle needs not read the beginning first.
//!
//! A MiB is 1,024 chunks, a whole subtree of BLAKE3's tree (BLAKE3 paper, section 2.1): its chaining value is kept,
//! and the hash of the file is merged from those. Two subtrees of one size are joined only once something follows
//! them, because the last joint of all is the root's, and that one is computed differently.

use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use blake3::{Hash, Hasher};

/// Bytes of a piece.
pub(crate) const PIECE: u64 = protocol::control::RESUME_STEP;

/// Hashes a file from a multiple of [`PIECE`] on. Memory grows with the logarithm of the size.
#[derive(Clone)]
pub(crate) struct PieceHasher {
    /// The pieces before `tail`.
    done: Subtrees,
    /// Which piece `tail` is, counted from the beginning of the file.
    piece: u64,
    tail: Hasher,
    /// Bytes in `tail`: 0 only where no byte came at all, else 1..=[`PIECE`].
    filled: u64,
}

impl PieceHasher {
    /// From piece number `first` on.
    pub(crate) fn starting_at(first: u64) -> Self {
        Self { done: Subtrees(Vec::new()), piece: first, tail: piece_hasher(first), filled: 0 }
    }

    /// With the pieces before the one that comes next already known.
    pub(super) fn continuing(done: Subtrees) -> Self {
        let piece = done.0.last().map_or(0, |last| last.first + last.pieces);
        Self { done, piece, tail: piece_hasher(piece), filled: 0 }
    }

    /// The bytes that follow. Tells the chaining value of each piece that they complete.
    pub(crate) fn update(&mut self, mut data: &[u8], mut complete: impl FnMut(ChainingValue)) {
        while !data.is_empty() {
            if self.filled == PIECE {
                self.next_piece();
            }
            let room = usize::try_from(PIECE - self.filled).unwrap_or(usize::MAX);
            let (now, rest) = data.split_at(room.min(data.len()));
            self.tail.update(now);
            self.filled += now.len() as u64;
            data = rest;
            if self.filled == PIECE {
                complete(self.tail.finalize_non_root());
            }
        }
    }

    /// The hash of the whole file, where this began at its beginning.
    pub(super) fn finish(self) -> Hash {
        if self.done.0.is_empty() {
            return self.tail.finalize();
        }
        let mut nodes = self.done;
        nodes.push(Subtree { first: self.piece, pieces: 1, value: self.tail.finalize_non_root() });
        nodes.root()
    }

    /// The hash of the whole file, where `later` began at the multiple of [`PIECE`] at which this ended.
    pub(crate) fn finish_with(mut self, mut later: Self) -> Hash {
        if later.filled == 0 {
            return self.finish();
        }
        if self.filled == 0 {
            return later.finish();
        }
        later.done.push(Subtree { first: later.piece, pieces: 1, value: later.tail.finalize_non_root() });
        self.next_piece();
        later.done.0.into_iter().for_each(|node| self.done.push(node));
        self.done.root()
    }

    fn next_piece(&mut self) {
        self.done.push(Subtree { first: self.piece, pieces: 1, value: self.tail.finalize_non_root() });
        self.piece += 1;
        self.tail = piece_hasher(self.piece);
        self.filled = 0;
    }
}

/// Chaining value of one whole piece.
pub(super) fn piece_value(piece: u64, data: &[u8]) -> ChainingValue {
    piece_hasher(piece).update(data).finalize_non_root()
}

/// Consecutive pieces, joined as far as they can be.
#[derive(Clone, Default)]
pub(super) struct Subtrees(Vec<Subtree>);

#[derive(Clone)]
struct Subtree {
    first: u64,
    pieces: u64,
    value: ChainingValue,
}

impl Subtrees {
    /// The whole piece that follows.
    pub(super) fn push_piece(&mut self, value: ChainingValue) {
        let first = self.0.last().map_or(0, |last| last.first + last.pieces);
        self.push(Subtree { first, pieces: 1, value });
    }

    fn push(&mut self, node: Subtree) {
        while let [.., left, right] = &mut self.0[..] {
            if left.pieces != right.pieces || !left.first.is_multiple_of(2 * left.pieces) {
                break;
            }
            left.value = merge_subtrees_non_root(&left.value, &right.value, Mode::Hash);
            left.pieces *= 2;
            self.0.pop();
        }
        self.0.push(node);
    }

    /// Of at least two subtrees; those at the end are the smallest, and joined first.
    fn root(mut self) -> Hash {
        let mut right = self.0.pop().map_or([0; 32], |last| last.value);
        while self.0.len() > 1 {
            let left = self.0.pop().map_or([0; 32], |last| last.value);
            right = merge_subtrees_non_root(&left, &right, Mode::Hash);
        }
        let left = self.0.pop().map_or([0; 32], |last| last.value);
        merge_subtrees_root(&left, &right, Mode::Hash)
    }
}

fn piece_hasher(piece: u64) -> Hasher {
    let mut hasher = Hasher::new();
    hasher.set_input_offset(piece * PIECE);
    hasher
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = PIECE as usize;

    fn sizes() -> Vec<usize> {
        let mut sizes = vec![0, 1, 1023, 1024, 1025, 65_536, MIB - 1];
        for pieces in (1..=17).chain([31, 32, 33]) {
            sizes.extend([pieces * MIB, pieces * MIB + 1, pieces * MIB + 1025]);
        }
        sizes
    }

    fn bytes(size: usize) -> Vec<u8> {
        let mut data = vec![0; size];
        blake3::Hasher::new().finalize_xof().fill(&mut data);
        data
    }

    #[test]
    fn the_merged_hash_is_that_of_the_whole() {
        let all = bytes(33 * MIB + 1025);
        for size in sizes() {
            let data = &all[..size];
            let mut hasher = PieceHasher::starting_at(0);
            let mut values = Vec::new();
            data.chunks(300_007).for_each(|part| hasher.update(part, |value| values.push(value)));
            assert_eq!(values.len(), size / MIB);
            assert_eq!(hasher.finish(), blake3::hash(data), "{size}");

            // As after a resume: the last whole piece is read again, those before it are known.
            if size >= MIB {
                let known = size / MIB - 1;
                let mut done = Subtrees::default();
                values[..known].iter().for_each(|value| done.push_piece(*value));
                let mut hasher = PieceHasher::continuing(done);
                hasher.update(&data[known * MIB..], |_| {});
                assert_eq!(hasher.finish(), blake3::hash(data), "{size} resumed");
                assert_eq!(piece_value(known as u64, &data[known * MIB..][..MIB]), values[known]);
            }
        }
    }

    #[test]
    fn a_beginning_hashed_last_gives_the_same() {
        let all = bytes(33 * MIB + 1025);
        for size in sizes() {
            let data = &all[..size];
            for cut in (0..=size / MIB).filter(|cut| *cut < 9 || cut % 7 == 0) {
                let mut later = PieceHasher::starting_at(cut as u64);
                later.update(&data[cut * MIB..], |_| {});
                let mut first = PieceHasher::starting_at(0);
                first.update(&data[..cut * MIB], |_| {});
                assert_eq!(first.finish_with(later), blake3::hash(data), "{size} cut at {cut}");
            }
        }
    }
}
