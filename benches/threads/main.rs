//! How fast the threaded engine is.

mod contest;
mod edits;
mod hop;
#[allow(dead_code, unused_imports)]
#[path = "../../src/lane.rs"]
mod lane;
mod lanes;
#[allow(dead_code, unused_imports)]
#[path = "../../src/parker.rs"]
mod parker;
mod peers;
mod stages;
mod work;

use contest::Plan;

fn main() {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    // Cargo says by this word that it is to be measured, and not only run as a test.
    let measured = words.iter().any(|word| word == "--bench");
    words.retain(|word| !word.starts_with("--"));
    if let [tool, items, case] = &words[..]
        && tool == "profile"
    {
        let items: u64 = items.parse().unwrap();
        let short = || work::Work::of(100.0);
        match case.as_str() {
            "hop1" => hop::ours(items, 1, coroute::Pipeline::new("p").stage("add", hop::add)),
            "hop256" => hop::ours(items, 256, coroute::Pipeline::new("p").stage("add", hop::add)),
            "hop4" => hop::ours(items, 256, coroute::Pipeline::new("p").thread("t", |t| t.stage("add", hop::add))),
            "workers" => stages::run(items, stages::by_workers(short())),
            "threads" => stages::run(items, stages::by_threads(short())),
            other => panic!("no case {other}"),
        }
        return;
    }
    if !measured {
        println!("(one short round each, to see that everything runs; the figures mean nothing)");
    }
    let plan = Plan::new(!measured, words.first().cloned());
    stages::print(&plan);
    hop::print(&plan);
    peers::print(&plan);
    edits::print(&plan);
}
