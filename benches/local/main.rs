//! How fast the local engine is, as ratios of ours and a peer's, both measured in the same run.
//!
//! `cargo bench --bench local` prints the table; `cargo bench --bench local -- switch` prints the rows with that word in
//! their title. A row gives nanoseconds per item, the smallest and the median of 41 rounds; the ratio and the verdict are
//! those of the medians.
//!
//! Instructions do not depend on the machine's mood. `callgrind N CASE` runs N items of one case and nothing else, so
//! the difference between two counts is what so many items cost:
//!
//! ```text
//! export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="valgrind --tool=callgrind --callgrind-out-file=/dev/null"
//! cargo bench --bench local -- callgrind 1000000 call
//! cargo bench --bench local -- callgrind 2000000 call
//! ```

mod count;
mod functions;
mod items;
mod measure;
mod others;
mod routes;
mod sources;
mod switches;
mod table;
mod traces;

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
    if !measured {
        println!("(one short round each, to see that everything runs; the figures mean nothing)");
    }
    let mut table = Table::new(words.first().cloned());
    let clock = Clock { test: !measured };
    items::rows(clock, &mut table);
    switches::rows(clock, &mut table);
    sources::rows(clock, &mut table);
    routes::rows(clock, &mut table);
    others::rows(clock, &mut table);
    traces::rows(clock, &mut table);
    if measured {
        table.end();
    }
}
