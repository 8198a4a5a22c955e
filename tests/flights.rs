//! The main example on its real input, held against figures that are counted from the file without the crate; and on
//! input that is broken.

#[path = "../examples/flights/engine.rs"]
mod engine;
#[path = "../examples/flights/flight.rs"]
mod flight;
#[path = "../examples/flights/input.rs"]
mod input;
#[path = "../examples/flights/job.rs"]
mod job;
#[path = "../examples/flights/line.rs"]
mod line;
#[path = "../examples/flights/pipeline.rs"]
mod pipeline;
#[path = "../examples/flights/report.rs"]
mod report;
#[path = "../examples/flights/row.rs"]
mod row;
#[path = "../examples/flights/script.rs"]
mod script;
#[path = "../examples/flights/sink.rs"]
mod sink;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use engine::Which;
use futures::executor::block_on;
use input::{Args, Input, USAGE};
use report::Summary;
use script::{CANARY, CUT_OVER, INSERT, MORE_ROOM, POP, REPAIR, ROOM, TAP};

const FLIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/flights-2013-01.csv");
const AIRLINES: &str = include_str!("../examples/data/airlines.csv");

/// The columns of the file, by their places in it.
const HEADER: &str = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,\
                      tailnum,origin,dest,air_time,distance,hour,minute,time_hour";
const GOOD: &str = "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z";

/// What the example does with `bytes`, and all that it prints.
fn run(bytes: &[u8]) -> Result<(Summary, String), String> {
    run_on(Which::Local, bytes)
}

fn run_on(which: Which, bytes: &[u8]) -> Result<(Summary, String), String> {
    let mut out = Vec::new();
    let summary = block_on(job::run(bytes, which, &mut out)).map_err(|error| error.to_string())?;
    summary.write(&mut out).map_err(|error| error.to_string())?;
    Ok((summary, String::from_utf8(out).unwrap()))
}

fn shipped() -> Vec<u8> {
    fs::read(FLIGHTS).unwrap()
}

fn file(lines: &[&str]) -> Vec<u8> {
    [&[HEADER], lines].concat().join("\n").into_bytes()
}

/// Flights and a sum of minutes.
type Sum = (u64, i64);

fn add(sum: &mut Sum, minutes: i64) {
    *sum = (sum.0 + 1, sum.1 + minutes);
}

fn mean((flights, minutes): Sum) -> String {
    if flights == 0 { "-".into() } else { format!("{:.1}", minutes as f64 / flights as f64) }
}

/// The figures, straight from the file.
#[derive(Default)]
struct Direct {
    rows: u64,
    cancelled: u64,
    diverted: u64,
    /// Lines with a departure and no arrival.
    broken: Vec<u64>,
    /// By carrier, in the store and in the spool.
    carriers: BTreeMap<String, [Sum; 2]>,
    /// Early, less than 15 minutes late, later.
    classes: [[u64; 2]; 3],
    v1: Sum,
    v2: Sum,
    /// By both models, between the canary's begin and the cut-over.
    canary: [Sum; 2],
    watched: u64,
    unique: u64,
    /// The cycle in which the store had no more room.
    full: Option<u64>,
}

impl Direct {
    fn count(text: &str) -> Self {
        let mut direct = Self::default();
        let (mut stored, mut canary) = (0, 0);
        for (cycle, line) in (0..).zip(text.lines().skip(1)) {
            let field: Vec<&str> = line.split(',').collect();
            direct.rows += 1;
            if field[3] == "NA" {
                direct.cancelled += 1;
                continue;
            }
            if field[6] == "NA" {
                direct.broken.push(cycle + 2);
                continue;
            }
            if field[8] == "NA" {
                direct.diverted += 1;
                continue;
            }
            let number = |at: usize| field[at].parse::<i64>().unwrap();
            let (left, came, miles) = (number(5), number(8), number(15));
            direct.watched += u64::from(cycle >= TAP);
            direct.unique += u64::from((INSERT..POP).contains(&cycle));
            // Of every hundred the canary gets the eleventh, the thirty-first and so on.
            let second = match cycle {
                CANARY..CUT_OVER => {
                    canary += 1;
                    canary % 20 == 11
                }
                _ => cycle >= CUT_OVER,
            };
            let (model, off) = if second { (&mut direct.v2, left - 4 - miles / 500) } else { (&mut direct.v1, left) };
            add(model, (came - off).abs());
            if (CANARY..CUT_OVER).contains(&cycle) {
                add(&mut direct.canary[usize::from(second)], (came - off).abs());
            }
            let room = if cycle < REPAIR { ROOM } else { ROOM + MORE_ROOM };
            let sink = usize::from(stored == room);
            if sink == 1 {
                direct.full.get_or_insert(cycle);
            } else {
                stored += 1;
            }
            add(&mut direct.carriers.entry(field[9].into()).or_default()[sink], came);
            direct.classes[if came < 0 {
                0
            } else if came < 15 {
                1
            } else {
                2
            }][sink] += 1;
        }
        direct
    }
}

/// The cells of each line of the output that has columns, that is, two spaces between words.
fn cells(output: &str) -> Vec<Vec<&str>> {
    output.lines().map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect()
}

#[test]
fn g2_every_figure_is_what_the_file_says() {
    let bytes = shipped();
    let (summary, output) = run(&bytes).unwrap();
    let direct = Direct::count(std::str::from_utf8(&bytes).unwrap());
    let names: BTreeMap<&str, &str> = AIRLINES.lines().filter_map(|line| line.split_once(',')).collect();

    // The sums themselves, before any rounding.
    for (sink, table) in [(0, &summary.store), (1, &summary.spool)] {
        let counted = table.carriers.iter().map(|(code, tally)| (code.as_str(), (tally.flights, tally.minutes)));
        let wanted =
            direct.carriers.iter().map(|(code, sums)| (code.as_str(), sums[sink])).filter(|(_, sum)| sum.0 > 0);
        assert_eq!(counted.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
    }

    // What is printed: one line for each carrier, and one for all of them.
    let printed = cells(&output);
    let has = |wanted: Vec<String>| assert_eq!(printed.iter().filter(|line| **line == wanted).count(), 1, "{wanted:?}");
    let mut all = [(0, 0); 2];
    let line = |head: &[&str], [store, spool]: [Sum; 2]| {
        let both = (store.0 + spool.0, store.1 + spool.1);
        let figures = [store, spool, both].into_iter().flat_map(|sum| [sum.0.to_string(), mean(sum)]);
        head.iter().map(ToString::to_string).chain(figures).collect::<Vec<_>>()
    };
    for (code, sums) in &direct.carriers {
        all = [0, 1].map(|sink| (all[sink].0 + sums[sink].0, all[sink].1 + sums[sink].1));
        has(line(&[code, names[code.as_str()]], *sums));
    }
    has(line(&["all"], all));
    for (name, [store, spool]) in
        ["early", "less than 15 minutes late", "15 minutes late or more"].iter().zip(direct.classes)
    {
        has(vec![name.to_string(), store.to_string(), spool.to_string(), (store + spool).to_string()]);
    }
    for (name, sum) in [("v1", direct.v1), ("v2", direct.v2)] {
        has(vec![name.into(), sum.0.to_string(), mean(sum)]);
    }

    // The ledger, the tap, and what became known on the way.
    let ledger = &summary.ledger;
    assert_eq!(summary.rows, direct.rows);
    assert_eq!(ledger.accepted(), direct.rows);
    assert_eq!(ledger.dropped(), direct.cancelled + direct.diverted);
    assert_eq!(ledger.failed(), direct.broken.len() as u64);
    assert_eq!(ledger.delivered(), all[0].0 + all[1].0);
    assert_eq!(ledger.in_flight(), 0);
    has(vec!["clean/cancelled".into(), direct.cancelled.to_string()]);
    has(vec!["clean/diverted".into(), direct.diverted.to_string()]);
    assert_eq!(summary.dead.iter().map(|letter| letter.line).collect::<Vec<_>>(), direct.broken);
    assert_eq!(summary.watched.flights, direct.watched);
    let [v1, v2] = direct.canary;
    for text in [
        format!("v1 was off by {} minutes on {} flights, v2 by", mean(v1), v1.0),
        format!("v2 by {} minutes on {} flights, on average", mean(v2), v2.0),
        format!("{} flights seen, 0 dropped", direct.unique),
        format!("Cycle {}: the store fails: the disk is full: {ROOM} flights", direct.full.unwrap()),
    ] {
        assert!(output.contains(&text), "{text}");
    }
}

#[test]
fn g7_the_output_is_the_same_every_time_and_as_it_was() {
    let (_, output) = run(&shipped()).unwrap();
    assert_eq!(output, run(&shipped()).unwrap().1);
    insta::assert_snapshot!("flights", output);
}

#[test]
fn g7_every_engine_gives_the_same_to_the_byte() {
    let whole = shipped();
    // It ends when the store has failed and nobody has seen to that.
    let short: Vec<u8> = whole.split_inclusive(|byte| *byte == b'\n').take(18_000).flatten().copied().collect();
    let broken = file(&[GOOD, "2013,1,1,517", &GOOD.replace("UA", "NA"), GOOD]);
    for bytes in [&whole, &short, &broken, &file(&[])] {
        let (local, output) = run(bytes).unwrap();
        for which in [Which::Async, Which::Threads, Which::Threads] {
            let (summary, again) = run_on(which, bytes).unwrap();
            assert_eq!(summary.trace.to_string(), local.trace.to_string(), "{which:?}");
            assert_eq!(summary.ledger, local.ledger, "{which:?}");
            assert_eq!(again, output, "{which:?}");
        }
    }
    assert!(run(&short).unwrap().1.contains("Cycle 17718: the store fails"));
}

#[test]
fn g2_a_flight_that_comes_twice_is_dropped_only_while_the_stage_for_that_is_in() {
    let text = String::from_utf8(shipped()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    // Lines begin at 1, cycles at 0, and the header is a line; every line put in moves those behind it.
    let twice = |cycle: u64| {
        let at = usize::try_from(cycle).unwrap() + 1;
        let flown = lines[at..].iter().position(|line| !line.contains("NA")).unwrap() + at;
        [&lines[..=flown], &lines[flown..]].concat().join("\n")
    };
    let (outside, _) = run(twice(INSERT - 100).as_bytes()).unwrap();
    assert_eq!((outside.ledger.accepted(), outside.ledger.delivered()), (27_005, 26_399));

    let (inside, output) = run(twice(INSERT + 100).as_bytes()).unwrap();
    assert_eq!((inside.ledger.accepted(), inside.ledger.delivered()), (27_005, 26_398));
    let row = inside.ledger.rows().iter().find(|row| row.stage.to_string() == "unique").unwrap();
    assert_eq!(row.dropped, 1, "the count outlives the stage");
    assert!(output.contains("1 dropped as they came twice"), "{output}");
}

#[test]
fn g2_broken_rows_are_dead_letters_and_the_ledger_adds_up() {
    let mut bytes = file(&[
        GOOD,
        "2013,1,1,517",
        &GOOD.replace(",11,UA", ",eleven,UA"),
        &GOOD.replace("UA", "NA"),
        "2013,1,1,NA,1630,NA,NA,1815,NA,EV,4308,N18120,EWR,RDU,NA,416,16,30,2013-01-01T21:00:00Z",
        "2013,1,1,1525,1530,-5,1934,1805,NA,MQ,4525,N719MQ,LGA,XNA,NA,1147,15,30,2013-01-01T20:00:00Z",
        &GOOD.replace(",830,", ",NA,"),
        &GOOD.replace(",517,", ",NA,"),
        &GOOD.replace(",2,830", ",NA,830"),
        "",
        &format!("{GOOD},one more"),
        &GOOD.replace("UA", "ZZ"),
    ]);
    bytes.extend(b"\n2013,1,1,517,515,2,830,819,11,\xff,1545,N14228,EWR,IAH,227,1400,5,15,x\n");
    bytes.extend(GOOD.replace("IAH", "\"IAH").as_bytes());
    bytes.extend([b"\n", GOOD.as_bytes(), b"\n"].concat());

    // As a file, by the command line.
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken-flights.csv");
    fs::write(&path, &bytes).unwrap();
    let args = Args::read(["--input".as_ref(), path.as_os_str()]).unwrap();
    let (reader, length) = args.input.open().unwrap();
    assert_eq!(length, Some(bytes.len() as u64));
    let mut out = Vec::new();
    let summary = block_on(job::run(reader, args.engine, &mut out)).unwrap();
    summary.write(&mut out).unwrap();
    let output = String::from_utf8(out).unwrap();

    let dead: Vec<_> = summary.dead.iter().map(|letter| (letter.line, letter.why.as_str())).collect();
    let wanted = [
        (3, "the row has 4 columns, the header has 19"),
        (4, "arr_delay is \"eleven\": invalid digit found in string"),
        (5, "the carrier is not known"),
        (8, "it left at 05:17, and no arrival is known"),
        (9, "it arrived, and never left"),
        (10, "it left, and its delay then is not known"),
        (12, "the row has 20 columns, the header has 19"),
        (14, "carrier is \"\u{fffd}\": invalid utf-8 sequence of 1 bytes from index 0"),
        (15, "the row has 14 columns, the header has 19"),
    ];
    assert_eq!(dead, wanted);
    let ledger = &summary.ledger;
    assert!(ledger.is_balanced());
    assert_eq!((ledger.accepted(), ledger.delivered(), ledger.dropped(), ledger.failed()), (14, 3, 2, 9));
    let tail = &output[output.find("Cycle 2000").unwrap()..];
    insta::assert_snapshot!("broken_flights", tail);
}

#[test]
fn g2_a_header_alone_is_no_rows_and_the_ledger_adds_up() {
    let (summary, output) = run(HEADER.as_bytes()).unwrap();
    assert_eq!((summary.rows, summary.ledger.accepted(), summary.dead.len()), (0, 0, 0));
    assert!(output.contains("0 rows read; 0 delivered + 0 dropped + 0 failed + 0 in flight = 0."), "{output}");
}

#[test]
fn input_that_is_not_of_the_form_is_refused_with_what_would_do() {
    let refused = |bytes: &[u8]| run(bytes).err().unwrap();
    let empty = "the input is empty; its first line has to name the columns year, month, day, dep_time, dep_delay, \
                 arr_time, arr_delay, carrier, flight, origin, distance";
    assert_eq!(refused(b""), empty);
    assert_eq!(refused(b"\n\n"), empty);
    assert_eq!(
        refused(b"month,day,dep_time,dep_delay,arr_time,carrier,flight,origin,distance,delay\n"),
        "columns are missing: year, arr_delay; the first line is \
         month,day,dep_time,dep_delay,arr_time,carrier,flight,origin,distance,delay"
    );
}

#[test]
fn columns_may_come_in_another_order_and_quoted() {
    let swap = |line: &str| {
        let mut fields: Vec<&str> = line.split(',').collect();
        fields.reverse();
        fields.join(",")
    };
    let swapped = [HEADER, GOOD].map(swap).join("\n").replace("UA", "\"UA\"");
    let (summary, _) = run(swapped.as_bytes()).unwrap();
    let (straight, _) = run(&file(&[GOOD])).unwrap();
    assert_eq!(summary.store, straight.store);
    assert_eq!(summary.store.carriers["UA"].minutes, 11);
    let other_ends = format!("\u{feff}{HEADER}\r\n{GOOD}\r\n");
    assert_eq!(run(other_ends.as_bytes()).unwrap().0.store, straight.store);
}

#[test]
fn a_report_whose_figures_do_not_add_up_is_an_error() {
    let (mut summary, _) = run(&file(&[GOOD, GOOD])).unwrap();
    summary.rows += 1;
    let error = summary.write(&mut Vec::new()).unwrap_err().to_string();
    assert_eq!(
        error,
        "the ledger does not add up: 3 rows read; 2 delivered + 0 dropped + 0 failed + 0 in flight = 2; \
         the sinks have 2, dead letters 0"
    );
}

#[test]
fn the_command_line_names_one_input_at_most() {
    let parse = |args: &[&str]| Args::read(args).map(|args| args.input).map_err(|error| error.to_string());
    let file = |path: &str| Ok(Input::File(PathBuf::from(path)));
    assert_eq!(parse(&[]), file(FLIGHTS));
    assert_eq!(parse(&["x.csv"]), file("x.csv"));
    assert_eq!(parse(&["--input", "x.csv"]), file("x.csv"));
    assert_eq!(parse(&["--input=x.csv"]), file("x.csv"));
    assert_eq!(parse(&["-"]), Ok(Input::Standard));
    assert_eq!(parse(&["--input", "-"]), Ok(Input::Standard));
    assert_eq!(parse(&["-h"]), Ok(Input::Help));
    assert_eq!(parse(&["x.csv", "-"]), Err("one input at a time".into()));
    assert_eq!(parse(&["--input"]), Err("missing argument for option '--input'".into()));
    assert_eq!(parse(&["--output"]), Err("invalid option '--output'".into()));
    assert!(USAGE.contains("--input"));
}

#[test]
fn the_command_line_names_the_engine() {
    let parse = |args: &[&str]| Args::read(args).map(|args| args.engine).map_err(|error| error.to_string());
    assert_eq!(parse(&[]), Ok(Which::Local));
    assert_eq!(parse(&["--engine", "async"]), Ok(Which::Async));
    assert_eq!(parse(&["x.csv", "-e", "threads"]), Ok(Which::Threads));
    let refused = parse(&["--engine=turbo"]).unwrap_err();
    assert!(refused.contains("there is no engine \"turbo\"; there is local, async and threads"), "{refused}");
    assert!(USAGE.contains("--engine"));
}

#[test]
fn a_file_that_is_not_there_is_named_in_the_error() {
    let error = Input::File("no/such/flights.csv".into()).open().err().unwrap();
    assert!(error.starts_with("cannot open no/such/flights.csv: "), "{error}");
    let error = Input::File(env!("CARGO_MANIFEST_DIR").into()).open().err().unwrap();
    assert!(error.ends_with("is a directory"), "{error}");
}
