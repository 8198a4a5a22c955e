use futures::executor::block_on;
use futures::{StreamExt, stream};

use crate::roster::Roster;
use crate::{Pipeline, Switch, ThroughExt, workers};

/// Has threads work for the pipeline, while the test polls it.
fn staffed<In: Send + 'static, Out: Send + 'static>(mut pipeline: Pipeline<In, Out>) -> Pipeline<In, Out> {
    let _ = pipeline.engine.ready();
    pipeline.engine.chain.staff(true, &Roster::default()).unwrap();
    pipeline
}

#[test]
fn smoke() {
    let p = Pipeline::new("p")
        .stage("add", |x: i64| x + 1)
        .thread("t", |t| t.stage("mul", |x: i64| x * 2).filter("odd", |x| x % 3 != 0))
        .workers("w", 3, || |x: i64| x + 10);
    let p = staffed(p);
    let controller = p.controller();
    let mut n = 0i64;
    let mut out = stream::iter(0..20000i64)
        .inspect(move |_| {
            n += 1;
            if n % 500 == 0 {
                controller.replace("t/mul", move |x: i64| x * 2).unwrap();
                controller
                    .edit(|e| {
                        e.insert_after("add", "id", |x: i64| x)?;
                        e.remove("id")
                    })
                    .unwrap();
            }
        })
        .through(p);
    let got: Vec<i64> = block_on(async {
        let mut v = vec![];
        while let Some(x) = out.next().await {
            v.push(x.unwrap());
        }
        v
    });
    let want: Vec<i64> = (0..20000).map(|x| (x + 1) * 2).filter(|x| x % 3 != 0).map(|x| x + 10).collect();
    assert_eq!(got.len(), want.len());
    assert!(got == want);
    println!("{}", out.ledger());
    let (_, p) = out.into_parts();
    drop(p);
}

#[test]
fn switch_threads() {
    let s = Switch::new("s")
        .target(
            "a",
            Pipeline::new("a").thread("t", |t| {
                t.stage("neg", |x: i64| {
                    std::thread::yield_now();
                    x
                })
            }),
        )
        .target("b", workers(2, || |x: i64| x))
        .target("c", |x: i64| x)
        .route("a");
    let p = staffed(Pipeline::new("p").switch(s).stage("z", |x: i64| x));
    let controller = p.controller();
    let mut n = 0usize;
    let out = stream::iter(0..20000i64)
        .inspect(move |_| {
            n += 1;
            if n % 97 == 0 {
                controller.route("s", ["a", "b", "c"][(n / 97) % 3]).unwrap();
            }
        })
        .through(p);
    let got: Vec<i64> = block_on(out.map(|x| x.unwrap()).collect());
    assert!(got == (0..20000).collect::<Vec<_>>());
}

fn switched(names: &[&'static str], every: usize, items: i64) {
    let names = names.to_vec();
    let s = Switch::new("s")
        .target(
            "a",
            Pipeline::new("a").thread("t", |t| {
                t.stage("neg", |x: i64| {
                    std::thread::yield_now();
                    x
                })
            }),
        )
        .target("b", workers(2, || |x: i64| x))
        .target("c", |x: i64| x)
        .route("a");
    let p = staffed(Pipeline::new("p").switch(s).stage("z", |x: i64| x));
    let controller = p.controller();
    let mut n = 0usize;
    let out = stream::iter(0..items)
        .inspect(move |_| {
            n += 1;
            if n % every == 0 {
                controller.route("s", names[(n / every) % names.len()]).unwrap();
            }
        })
        .through(p);
    let got: Vec<i64> = block_on(out.map(|x| x.unwrap()).collect());
    assert!(got == (0..items).collect::<Vec<_>>());
}
#[test]
fn sw_ac() {
    switched(&["a", "c"], 97, 5000);
}
#[test]
fn sw_bc() {
    switched(&["b", "c"], 97, 5000);
}
#[test]
fn sw_a() {
    switched(&["a"], 97, 5000);
}
#[test]
fn sw_b() {
    switched(&["b"], 97, 5000);
}
#[test]
fn sw_ab() {
    switched(&["a", "b"], 97, 5000);
}
#[test]
fn tiny() {
    switched(&["a"], 1000000, 3);
}
#[test]
fn tiny300() {
    switched(&["a"], 1000000, 3000);
}
#[test]
fn tinyb() {
    switched(&["b"], 2, 3);
}
