//! What a long text costs, in allocated bytes: reading it, and saying what is wrong with it.

use coroute::Script;

const NASTY: [(&str, &str); 16] = [
    ("", "{"),
    ("at 0 ", "{"),
    ("", "at 0 "),
    ("", "at 0 {\n"),
    ("at 0 { ", "pause; "),
    ("at 0 { ", "remov; "),
    ("at 0 remove ", "a"),
    ("at 0 rename ", "a/"),
    ("at ", "9"),
    ("", "\""),
    ("at 0 route m -> ", "a:1 "),
    ("expect stages ", "a > "),
    ("", "\n"),
    ("", "x\n"),
    ("", "at 0 pause # é\n"),
    ("", "é→名\u{7}"),
];

/// Bytes allocated for `length` bytes of text or a little less, with those for what is said of it, and how long that is.
fn cost(begin: &str, piece: &str, length: usize) -> (u64, usize) {
    let text = begin.to_owned() + &piece.repeat((length - begin.len()) / piece.len());
    let mut said = 0;
    let info = allocation_counter::measure(|| {
        if let Err(error) = text.parse::<Script>() {
            said = error.to_string().len();
        }
    });
    (info.bytes_total, said)
}

#[test]
fn sixteen_times_the_text_takes_sixteen_times_the_memory() {
    for (begin, piece) in NASTY {
        let (little, _) = cost(begin, piece, 1 << 16);
        let (much, said) = cost(begin, piece, 1 << 20);
        // A vector that grows has room for up to twice what is in it.
        assert!(much <= 2 * 16 * little, "{begin}{piece}...: {little} bytes, then {much}");
        assert!(said < 50_000, "{begin}{piece}...: {said} bytes are said of it");
    }
}
