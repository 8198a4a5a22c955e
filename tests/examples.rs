//! The examples' output, as text.

#[allow(dead_code)] // an example's `main` is not called here
#[path = "../examples/controller_generator.rs"]
mod controller_generator;
#[allow(dead_code)] // as above
#[path = "../examples/insert_and_pop.rs"]
mod insert_and_pop;
#[allow(dead_code)] // as above
#[path = "../examples/workers.rs"]
mod workers;

#[test]
fn the_controller_generator_prints_exactly_four_lines() {
    let four = "source sending to add\nadd = 5\nsource sending to prod\nprod = 16\n";
    assert_eq!(controller_generator::output().unwrap(), four);
}

#[test]
fn workers_prints_exactly_four_lines() {
    let four = "Main started the job.\nStage 1 did some work.\nStage 2 did some work.\nMain finished the job.\n";
    assert_eq!(workers::output().unwrap(), four);
}

#[test]
fn the_controller_generator_prints() {
    insta::assert_snapshot!(controller_generator::output().unwrap(), @"
    source sending to add
    add = 5
    source sending to prod
    prod = 16
    ");
}

#[test]
fn insert_and_pop_prints() {
    insta::assert_snapshot!(insert_and_pop::output().unwrap(), @"
    as built                  sum       i64 -> i64  revision 0
      1 gives 64              ├─ add    i64 -> i64
      2 gives 216             ├─ prod   i64 -> i64
                              └─ power  i64 -> i64

    neg put in                sum       i64 -> i64  revision 1
      3 gives -512            ├─ add    i64 -> i64
      4 gives -1000           ├─ neg    i64 -> i64
                              ├─ prod   i64 -> i64
                              └─ power  i64 -> i64

    prod popped out           sum       i64 -> i64  revision 2
      5 gives -216            ├─ add    i64 -> i64
      6 gives -343            ├─ neg    i64 -> i64
                              └─ power  i64 -> i64

    neg popped out            sum       i64 -> i64  revision 3
      7 gives 512             ├─ add    i64 -> i64
      8 gives 729             └─ power  i64 -> i64

    neg put in elsewhere      sum       i64 -> i64  revision 4
      9 gives -1000           ├─ add    i64 -> i64
      10 gives -1331          ├─ power  i64 -> i64
                              └─ neg    i64 -> i64

    both undone, in one edit  sum       i64 -> i64  revision 5
      11 gives 13824          ├─ add    i64 -> i64
      12 gives 17576          ├─ prod   i64 -> i64
                              └─ power  i64 -> i64

    accepted   12
    delivered  12
    dropped     0
    failed      0
    in flight   0
    ");
}

#[test]
fn g7_the_examples_print_the_same_every_time() {
    assert_eq!(insert_and_pop::output().unwrap(), insert_and_pop::output().unwrap());
    assert_eq!(controller_generator::output().unwrap(), controller_generator::output().unwrap());
    assert_eq!(workers::output().unwrap(), workers::output().unwrap());
}
