//! What edits, topologies and scripts make of threads and of stages with workers.

use std::any::Any;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures::{Sink, Stream};
use insta::assert_snapshot;

use super::Script;
use crate::change::Change;
use crate::controller::Controller;
use crate::cycle::{Cycle, Site};
use crate::edit::EditError;
use crate::error::Refusal;
use crate::knot::Taken;
use crate::library::Library;
use crate::link::{Status, Work};
use crate::model::{Kind, Workers, Workshop};
use crate::node::Node;
use crate::part::Made;
use crate::pipeline::Pipeline;
use crate::receipt::Receipt;
use crate::stage::{Output, Stage, Unpacked};
use crate::stream::Flow;
use crate::switch::Switch;
use crate::waiting::buffer;

/// A stage with workers, of which there is only one in truth: it gives ten times the item, and how many there would be.
#[derive(Clone, Default)]
struct Crew {
    unordered: bool,
    keyed: bool,
    shop: Shop,
}

/// The numbers of workers that were made, and whether they had their threads.
type Batch = (Range<usize>, bool);

#[derive(Clone, Default)]
struct Shop {
    made: Arc<Mutex<Vec<Batch>>>,
    /// What is asked while they are made.
    meanwhile: Arc<Mutex<Option<Controller>>>,
    /// There are no threads for workers from this number on.
    threads: Option<usize>,
}

impl Workshop for Shop {
    fn make(&self, numbers: Range<usize>, staffed: bool) -> Result<Box<dyn Any + Send>, Refusal> {
        if self.threads.is_some_and(|threads| staffed && numbers.end > threads) {
            return Err(Refusal::NoThread { name: "work-3".to_owned(), error: "try again later".to_owned() });
        }
        let first = self.meanwhile.lock().unwrap().take();
        first.iter().for_each(|controller| drop(controller.workers("work", 3).unwrap()));
        self.made.lock().unwrap().push((numbers.clone(), staffed));
        Ok(Box::new(numbers.collect::<Vec<usize>>()))
    }
}

/// The data side: the numbers of the workers.
struct Team(Vec<usize>);

impl Work<i64, i64> for Team {
    fn one(&mut self, item: i64, _: &mut Cycle, _: &Site) -> Option<i64> {
        Some(item * 10 + self.0.len() as i64)
    }

    fn many(&mut self, items: &mut Vec<i64>, out: &mut Vec<i64>, _: &mut Cycle, _: &Site) {
        out.extend(items.drain(..).map(|item| item * 10 + self.0.len() as i64));
    }

    fn finish(&mut self, _: &mut Vec<i64>, _: &mut Cycle, _: &Site) {}

    fn status(&self, _: &Site) -> Status {
        Status::CLEAR
    }

    fn into_stage(self) -> Box<dyn Any + Send> {
        Box::new(())
    }

    fn workers(&mut self, count: usize, made: Box<dyn Any + Send>, _: &mut Taken, _: &mut Cycle, _: &Site) {
        self.0.truncate(count);
        self.0.extend(made.downcast::<Vec<usize>>().map_or_else(|_| Vec::new(), |made| *made));
        assert_eq!(self.0, (0..count).collect::<Vec<_>>());
    }
}

impl Stage<i64> for Crew {
    type Out = i64;

    const PLAIN: bool = false;

    fn process(&mut self, _: i64, _: &mut Output<'_, i64>) {}

    fn unpack(self) -> Unpacked<Self> {
        let Self { unordered, keyed, shop } = self;
        let workers = Workers { count: 2, capacity: 64, keyed, unordered, workshop: Arc::new(shop) };
        Unpacked::Made(Box::new(Made {
            kind: Kind::Workers(workers),
            make: Box::new(|site| Box::new(Node::<_, i64, i64>::new(site, Team(vec![0, 1])))),
            error: None,
        }))
    }
}

fn thread(pipeline: Pipeline<i64, i64>, queue: usize) -> Pipeline<i64, i64> {
    pipeline.engine.shared.board.lock().plan.thread = Some(queue);
    pipeline
}

/// Workers in a row, as a target, and on a thread.
fn pipeline() -> Pipeline<i64, i64> {
    let parse = thread(Pipeline::new("parse").stage("read", |x: i64| x).stage("by", crew(false, true)), 16);
    let model = Switch::new("model").target("crew", crew(true, false)).target("plain", |x: i64| x * 10).route("crew");
    Pipeline::new("p").stage("work", Crew::default()).stage("parse", parse).stage("model", model)
}

fn crew(unordered: bool, keyed: bool) -> Crew {
    Crew { unordered, keyed, shop: Shop::default() }
}

#[test]
fn a_topology_shows_threads_and_workers() {
    let pipeline = pipeline();
    let controller = pipeline.controller();
    controller.workers("parse/by", 1).unwrap();
    assert_snapshot!(controller.topology(), @"
    p            i64 -> i64  revision 1
    ├─ work      i64 -> i64  2 workers, queue 64
    ├─ parse     i64 -> i64  thread, queue 16
    │  ├─ read   i64 -> i64
    │  └─ by     i64 -> i64  1 worker, queue 64, by key
    └─ model     i64 -> i64  route crew
       ├─ crew   i64 -> i64  live, 2 workers, queue 64, unordered
       └─ plain  i64 -> i64
    ");
    assert_snapshot!(controller.topology().mermaid(), @r#"
    ---
    title: "p, revision 1"
    ---
    flowchart LR
        __in(["i64"])
        work[["work<br>i64 -> i64<br>2 workers, queue 64"]]
        subgraph parse ["parse, i64 -> i64, thread, queue 16"]
            parse__read["read<br>i64 -> i64"]
            parse__by[["by<br>i64 -> i64<br>1 worker, queue 64, by key"]]
        end
        model{{"model<br>i64 -> i64<br>route crew"}}
        model__crew[["crew<br>i64 -> i64<br>2 workers, queue 64, unordered"]]
        model__plain["plain<br>i64 -> i64"]:::idle
        __out(["i64"])
        __in --> work
        work --> parse__read
        parse__read --> parse__by
        parse__by --> model
        model ==> model__crew
        model -.-> model__plain
        model__crew ==> __out
        model__plain -.-> __out
        classDef idle stroke-dasharray:5 4
    "#);
    assert_snapshot!(controller.topology().dot(), @r#"
    digraph "p" {
      rankdir=LR labelloc=t label="p, revision 1"
      fontname="sans-serif" node [shape=box fontname="sans-serif"] edge [fontname="sans-serif"]
      "/in" [label="i64" shape=oval]
      "work" [label="work\ni64 -> i64\n2 workers, queue 64" peripheries=2]
      subgraph "cluster_parse" {
        label="parse\ni64 -> i64\nthread, queue 16" style=rounded
        "parse/read" [label="read\ni64 -> i64"]
        "parse/by" [label="by\ni64 -> i64\n1 worker, queue 64, by key" peripheries=2]
      }
      "model" [label="model\ni64 -> i64\nroute crew" shape=hexagon]
      "model/crew" [label="crew\ni64 -> i64\n2 workers, queue 64, unordered" peripheries=2]
      "model/plain" [label="plain\ni64 -> i64" style=dashed]
      "/out" [label="i64" shape=oval]
      "/in" -> "work"
      "work" -> "parse/read"
      "parse/read" -> "parse/by"
      "parse/by" -> "model"
      "model" -> "model/crew" [penwidth=3]
      "model" -> "model/plain" [style=dashed]
      "model/crew" -> "/out" [penwidth=3]
      "model/plain" -> "/out" [style=dashed]
    }
    "#);
}

#[cfg(feature = "serde")]
#[test]
fn a_topology_that_was_written_is_read_back_with_threads_and_workers() {
    let topology = pipeline().topology();
    let text = serde_json::to_string(&topology).unwrap();
    assert!(text.contains(r#""kind":{"thread":{"queue":16,"stages":[{"#), "{text}");
    assert!(text.contains(r#"{"workers":{"count":2,"queue":64,"unordered":true,"keyed":false}}"#), "{text}");
    assert_eq!(serde_json::from_str::<crate::topology::Topology>(&text).unwrap(), topology);
    let bytes = postcard::to_allocvec(&topology).unwrap();
    assert_eq!(postcard::from_bytes::<crate::topology::Topology>(&bytes).unwrap(), topology);
}

#[test]
fn the_number_of_workers_changes_wherever_they_are() {
    let mut pipeline = pipeline();
    let controller = pipeline.controller();
    assert_eq!(pipeline.call(1).unwrap(), ((10 + 2) * 10 + 2) * 10 + 2);
    controller
        .edit(|e| e.rename("work", "w")?.workers("w", 4)?.workers("parse/by", 1)?.workers("model/crew", 3))
        .unwrap();
    assert_eq!(pipeline.call(1).unwrap(), ((10 + 4) * 10 + 1) * 10 + 3);
    controller.edit(|e| e.workers("w", 1)?.workers("w", 5)?.workers("w", 3)).unwrap();
    assert_eq!(pipeline.call(1).unwrap(), ((10 + 3) * 10 + 1) * 10 + 3);
    let receipt = controller.workers("w", 3).unwrap();
    assert_eq!((receipt.revision(), pipeline.call(0).unwrap()), (3, 313), "the same number is no change");
}

#[test]
fn workers_are_made_outside_of_the_lock_and_anew_when_another_edit_was_quicker() {
    let crew = Crew::default();
    let shop = crew.shop.clone();
    let mut pipeline = Pipeline::new("p").stage("work", crew);
    let controller = pipeline.controller();
    *shop.meanwhile.lock().unwrap() = Some(controller.clone());
    assert_eq!(controller.workers("work", 5).unwrap().revision(), 2);
    assert_eq!(*shop.made.lock().unwrap(), [(2..3, false), (2..5, false), (3..5, false)]);
    assert_eq!(pipeline.call(0).unwrap(), 5);
    pipeline.engine.shared.board.lock().threaded = true;
    controller.edit(|e| e.workers("work", 4)?.workers("work", 6)).unwrap();
    assert_eq!(shop.made.lock().unwrap()[3..], [(4..6, true)], "they need their threads now");
}

#[test]
fn g0_a_refused_edit_leaves_the_workers_as_they_are() {
    let mut crew = Crew::default();
    crew.shop.threads = Some(3);
    let shop = crew.shop.clone();
    let mut pipeline = Pipeline::new("p").stage("work", crew).stage("plain", |x: i64| x);
    let controller = pipeline.controller();
    let refused = |result: Result<_, EditError>| result.map(|_: Receipt| ()).unwrap_err().to_string();
    pipeline.engine.shared.board.lock().threaded = true;
    assert_snapshot!(refused(controller.workers("work", 0)), @r#"cannot give "work" 0 workers: the number of workers is 0, and nothing would ever pass; make it 1 or more"#);
    assert_snapshot!(refused(controller.workers("plain", 1)), @r#"cannot give "plain" 1 worker: "plain" is a stage; replace it by one that is made with `workers`"#);
    assert_snapshot!(refused(controller.workers("wrok", 2)), @r#"cannot give "wrok" 2 workers: nothing is called "wrok"; there is "work" and "plain""#);
    assert_snapshot!(refused(controller.workers("work", 4)), @r#"cannot give "work" 4 workers: the system gives no thread for "work-3": try again later; let some end, or do with fewer"#);
    assert_snapshot!(refused(controller.route("work", "a")), @r#"cannot route "work" -> a: "work" is a stage with workers; only a switch has routes and targets"#);
    assert_snapshot!(refused(controller.push_back("work/x", |x: i64| x)), @r#"cannot insert "x" at the back of "work": "work" is a stage with workers; only a pipeline has stages"#);
    let made = controller.replace_with::<i64, Crew, _>("work", |_| |x: i64| x).map(|_| ());
    assert!(matches!(made.unwrap_err().refusal(), Refusal::NotPlain));

    let error = controller.edit(|e| e.workers("work", 3)?.workers("work", 1)?.remove("none")).unwrap_err();
    assert_eq!(error.change(), 2);
    assert_eq!(*shop.made.lock().unwrap(), [(2..3, true)]);
    assert_eq!((pipeline.call(0).unwrap(), controller.topology().revision()), (2, 0));
    let mut edit = error.into_edit();
    assert_eq!(edit.to_string(), "workers work 3; workers work 1; remove none");
    edit.changes.pop();
    controller.commit(edit).unwrap();
    assert_eq!(shop.made.lock().unwrap().len(), 2, "those of the refused edit were let go");
    assert_eq!(pipeline.call(0).unwrap(), 1);
}

#[test]
fn g1_items_that_wait_in_front_meet_the_workers_that_were_there_when_they_were_accepted() {
    let pipeline = Pipeline::new("p").stage("queue", buffer(4)).stage("work", Crew::default());
    let controller = pipeline.controller();
    let mut flow: Flow<i64, i64> = pipeline.flow();
    let mut flow = Pin::new(&mut flow);
    let mut task = Context::from_waker(Waker::noop());
    for (item, workers) in [(1, 4), (2, 1)] {
        assert!(flow.as_mut().poll_ready(&mut task).is_ready());
        flow.as_mut().start_send(item).unwrap();
        controller.workers("work", workers).unwrap();
    }
    let mut outputs = Vec::new();
    let _ = flow.as_mut().poll_close(&mut task);
    while let Poll::Ready(Some(output)) = flow.as_mut().poll_next(&mut task) {
        outputs.push(output.unwrap());
    }
    assert_eq!(outputs, [12, 24]);
}

#[test]
fn a_script_changes_the_number_of_workers() {
    let crew = Crew::default();
    let shop = crew.shop.clone();
    let mut pipeline = Pipeline::new("p").stage("work", crew);
    let controller = pipeline.controller();
    controller.record(crate::trace::Recording::edits()).unwrap();
    let script: Script = "at 1 workers work 4\nevery 1 from 2 to 3 { workers work 1; workers work 3 }".parse().unwrap();
    assert_eq!(script.to_string(), "at 1 workers work 4\nevery 1 from 2 to 3 { workers work 1; workers work 3 }\n");
    let built = Script::new().at(1, [Change::workers("work", 4).unwrap()]);
    assert_eq!(built.statements()[0], script.statements()[0]);
    let mut player = script.bind(&Library::new(), &controller).unwrap();
    assert!(shop.made.lock().unwrap().is_empty(), "nobody is hired to see whether the script is right");
    let mut outputs = Vec::new();
    player.run(&mut pipeline, 0..4, |output| outputs.push(output)).unwrap();
    assert_eq!(outputs, [2, 14, 23, 33]);
    let journal = Script::try_from(&controller.trace()).unwrap();
    assert_snapshot!(journal, @"
    at 1 workers work 4
    at 2 { workers work 1; workers work 3 }
    at 3 { workers work 1; workers work 3 }
    ");
}

#[test]
fn a_script_that_wants_workers_where_there_are_none_is_refused() {
    let pipeline = pipeline();
    let bind =
        |text: &str| text.parse::<Script>().and_then(|script| script.bind(&Library::new(), &pipeline.controller()));
    assert_snapshot!(
        bind("at 1 workers parse 4\nat 2 workers model/crew 2\nat 3 { pause; workers wrok 2 }").unwrap_err(), @r#"
    line 1, column 14: cannot give "parse" 4 workers: "parse" is a thread; replace it by one that is made with `workers`
      1 | at 1 workers parse 4
        |              ^^^^^
    line 3, column 23: cannot give "wrok" 2 workers: nothing is called "wrok"; there is "work", "parse" and "model"; did you mean "work"?
      3 | at 3 { pause; workers wrok 2 }
        |                       ^^^^
    "#);
    assert_snapshot!(bind("at 1 workers work 0\nat 2 workers work\nat 3 workers 4").unwrap_err(), @r#"
    line 1, column 19: without a worker nothing would ever pass; the least is 1
      1 | at 1 workers work 0
        |                   ^
    line 2, column 18: the line ends too soon
      2 | at 2 workers work
        |                  ^
        = expected a number of workers
    line 3, column 15: the script ends too soon
      3 | at 3 workers 4
        |               ^
        = expected a number of workers
    "#);
}

#[test]
fn a_diff_tells_of_another_number_of_workers() {
    let pipeline = pipeline();
    let controller = pipeline.controller();
    let before = controller.topology();
    controller.edit(|e| e.workers("model/crew", 1)?.workers("parse/by", 3)?.rename("parse/by", "key")).unwrap();
    let after = controller.topology();
    let diff = before.diff(&after);
    assert_snapshot!(crate::change::line(diff.changes()), @"rename parse/by to key; workers parse/key 3; workers model/crew 1");
    assert_snapshot!(diff, @"
    ~ p            i64 -> i64  revision 1                           (was 0)
      ├─ work      i64 -> i64  2 workers, queue 64
      ├─ parse     i64 -> i64  thread, queue 16
      │  ├─ read   i64 -> i64
    ~ │  └─ key    i64 -> i64  3 workers, queue 64, by key          (was by, 2 workers, queue 64, by key)
      └─ model     i64 -> i64  route crew
    ~    ├─ crew   i64 -> i64  live, 1 worker, queue 64, unordered  (was 2 workers, queue 64, unordered)
         └─ plain  i64 -> i64
    ");
}

#[cfg(feature = "serde")]
#[test]
fn of_topologies_that_were_read_back_workers_with_other_options_are_others() {
    let read = |topology: crate::topology::Topology| -> crate::topology::Topology {
        serde_json::from_str(&serde_json::to_string(&topology).unwrap()).unwrap()
    };
    let made = |crew: Crew| read(Pipeline::new("p").stage("work", crew).topology());
    let diff = |one: Crew, other: Crew| crate::change::line(made(one).diff(&made(other)).changes());
    assert_eq!(diff(crew(false, false), crew(false, false)), "");
    assert_eq!(diff(crew(false, false), crew(true, false)), "replace work");
}
