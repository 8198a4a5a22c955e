//! How fast the async engine is, as ratios of ours and a peer's, both measured in the same run.
//!
//! `cargo bench --bench flow` prints the tables, `cargo bench --bench flow -- limit` the rows with that word in their title,
//! and `cargo bench --bench flow -- picture` draws `src/guide/throughput.svg` anew.
//!
//! | group | what | by which clock |
//! | --- | --- | --- |
//! | `sink`, `stages`, `peers`, `limit` | nanoseconds per item; see `benches/local/measure.rs` | real |
//! | `latency`, `picture` | what waiting comes to: queues, drains, backlogs; computing takes no time | virtual; see `time.rs` |
//! | `stalled` | wake-ups and polls, not time | none |
//!
//! All is run by `futures::executor`, on one thread; the peers need no runtime of their own either.
//!
//! Instructions do not depend on the machine's mood: `callgrind N CASE` runs N items of one case and nothing else, as in
//! `benches/local/main.rs`.

mod count;
mod desk;
mod fanout;
#[path = "../local/functions.rs"]
#[allow(dead_code, reason = "shared with the local benchmark, which uses more of it")]
mod functions;
mod latency;
mod limit;
mod manner;
#[path = "../local/measure.rs"]
#[allow(dead_code, reason = "shared with the local benchmark, which uses more of it")]
mod measure;
mod picture;
mod routers;
mod sinks;
mod stages;
mod stalled;
#[path = "../local/table.rs"]
#[allow(dead_code, reason = "shared with the local benchmark, which uses more of it")]
mod table;
mod time;

use measure::Clock;
use table::Table;

fn main() {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    // Cargo says by this word that it is to be measured, and not only run as a test.
    let measured = words.iter().any(|word| word == "--bench");
    words.retain(|word| !word.starts_with("--"));
    if let [tool, items, case] = &words[..]
        && tool == "callgrind"
    {
        return count::run(items.parse().expect("a number of items"), case);
    }
    let wanted = words.first().map(String::as_str);
    if wanted == Some("picture") {
        return picture::draw();
    }
    if !measured {
        println!("(one short round each, to see that everything runs; the figures mean nothing)");
    }
    let mut table = Table::new(wanted.map(str::to_owned));
    let clock = Clock { test: !measured };
    sinks::rows(clock, &mut table);
    stages::rows(clock, &mut table);
    routers::rows(clock, &mut table);
    limit::rows(clock, &mut table);
    if measured {
        table.end();
    }
    if wanted.is_none_or(|wanted| wanted == "latency") {
        latency::print(if measured { 400 } else { 3 });
    }
    if wanted.is_none_or(|wanted| wanted == "stalled") {
        stalled::print();
    }
    if wanted.is_none() {
        picture::print();
    }
}
