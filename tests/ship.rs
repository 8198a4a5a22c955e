//! The example over TCP: no line is lost, whatever goes wrong on the way, and the count would notice.

#[path = "../examples/ship/args.rs"]
mod args;
#[path = "../examples/ship/job.rs"]
mod job;
#[path = "../examples/ship/link.rs"]
mod link;
#[path = "../examples/ship/receiver.rs"]
mod receiver;
#[path = "../examples/ship/report.rs"]
mod report;
#[path = "../examples/ship/supervisor.rs"]
mod supervisor;
#[path = "../examples/ship/tail.rs"]
mod tail;
#[path = "../examples/ship/window.rs"]
mod window;
#[path = "../examples/ship/writer.rs"]
mod writer;

use args::{Args, USAGE};
use futures::future::join_all;
use report::{Count, Report};

async fn run(lines: u64, seed: u64) -> Report {
    job::run(&Args { lines, seed }).await.unwrap()
}

#[tokio::test]
async fn g2_no_line_is_lost_when_one_receiver_dies_and_the_other_stops_reading() {
    let report = run(4000, 0).await;
    report.verdict().unwrap();
    let Count { arrived, again, .. } = report.count();
    assert_eq!(arrived, 4000);
    // Each receiver stored a line that it did not live, or read on, to acknowledge.
    assert!(again >= 2, "{again} lines came twice");
    assert!(report.log.unacknowledged >= 2);
    let [primary, standby] = report.receivers.each_ref().map(|receiver| receiver.store().len());
    assert!(primary > 1001 && standby >= 1001, "{primary} and {standby} lines");

    let log = &report.log;
    // In front of the connection that stands still, lines wait that nobody but the edit's rule sends again.
    assert!(log.changes[2].inside > 0);
    let changes = log.changes.iter().map(|change| format!("revision {}: {}\n", change.revision, change.what));
    // What else is printed depends on when packets come.
    insta::assert_snapshot!(format!("{}\n{}", report.topology, changes.collect::<String>()), @"
    ship            Line -> ()    revision 0
    └─ ship         Line -> ()    route primary
       ├─ primary   Line -> ()    live, pipeline
       │  ├─ queue  Line -> Line
       │  └─ tcp-0  Line -> ()
       └─ standby   Line -> ()    pipeline
          ├─ queue  Line -> Line
          └─ tcp-1  Line -> ()

    revision 1: standby gets the lines
    revision 2: primary is there again
    revision 3: primary gets the lines
    revision 4: standby is there again
    ");
    let output = report.to_string();
    assert!(output.ends_with("no line was lost\n"), "{output}");
}

#[tokio::test]
async fn g2_no_line_is_lost_of_few_and_of_pieces_that_end_elsewhere() {
    let runs = [(0, 0), (1, 0), (2, 0), (10, 0), (500, 1), (2000, 2)];
    for report in join_all(runs.map(|(lines, seed)| run(lines, seed))).await {
        report.verdict().unwrap();
        assert_eq!(report.count().arrived, report.lines);
    }
}

#[tokio::test]
async fn a_line_that_is_lost_or_not_as_it_was_written_is_noticed() {
    let report = run(3, 0).await;
    let verdict = || report.verdict().map_err(|error| error.to_string());
    for receiver in &report.receivers {
        if let Some(stored) = receiver.store().get_mut(&3) {
            stored.line.push('0');
        }
    }
    let wrong = verdict().unwrap_err();
    assert!(wrong.contains("not as they were written: [3"), "{wrong}");
    report.receivers.iter().for_each(|receiver| drop(receiver.store().remove(&3)));
    assert_eq!(verdict(), Err("1 lines were lost: [3]".into()));
    assert!(!report.to_string().contains("no line was lost"));
}

#[test]
fn the_command_line_says_how_many_lines_in_which_pieces() {
    let read = |args: &[&str]| Args::read(args).map_err(|error| error.to_string());
    assert_eq!(read(&[]), Ok(Some(Args { lines: 4000, seed: 0 })));
    assert_eq!(read(&["-n", "10", "--seed=7"]), Ok(Some(Args { lines: 10, seed: 7 })));
    assert_eq!(read(&["-h"]), Ok(None));
    assert_eq!(read(&["--lines", "many"]), Err("cannot parse argument \"many\": invalid digit found in string".into()));
    assert_eq!(read(&["x"]), Err("unexpected argument \"x\"".into()));
    assert!(USAGE.contains("--lines"));
}
