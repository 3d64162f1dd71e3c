//! The page keeps its own copy of the list of words: it must be ours.

use watchword_protocol::word::list;

#[test]
fn the_page_has_the_same_words_in_the_same_order() {
    let page = include_str!("../../../web/src/word/words.txt");
    assert!(list().eq(page.lines()), "web/src/word/words.txt is old: make it again with the example `words`");
}
