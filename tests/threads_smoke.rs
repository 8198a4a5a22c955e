use coroute::{InFlight, Pipeline, Switch, workers};
fn chain() -> Pipeline<i64, i64> {
    Pipeline::new("p")
        .stage("add", |x: i64| x + 1)
        .thread("t", |t| t.stage("mul", |x: i64| x * 2).filter("odd", |x| x % 3 != 0))
        .workers("w", 3, || |x: i64| x + 10)
}
#[test]
fn order() {
    let running = chain().spawn().unwrap();
    let c = running.controller();
    let (s, r, h) = running.split();
    let t = std::thread::spawn(move || {
        for i in 0..20000i64 {
            s.send(i).unwrap();
            if i % 500 == 0 {
                c.replace("t/mul", |x: i64| x * 2).unwrap();
                if i % 1000 == 0 {
                    c.workers("w", 1 + (i as usize / 1000) % 4).unwrap();
                }
            }
        }
    });
    let got: Vec<i64> = r.into_iter().map(|x| x.unwrap()).collect();
    t.join().unwrap();
    let want: Vec<i64> = (0..20000).map(|x| (x + 1) * 2).filter(|x| x % 3 != 0).map(|x| x + 10).collect();
    assert!(got == want, "{} {}", got.len(), want.len());
    let f = h.join().unwrap();
    println!("{}", f.ledger);
    let mut p = f.pipeline;
    assert!(p.call(1).is_err());
}
#[test]
fn switch() {
    let s = Switch::new("s")
        .target("a", Pipeline::new("a").thread("t", |t| t.stage("neg", |x: i64| x)))
        .target("b", workers(2, || |x: i64| x))
        .target("c", |x: i64| x)
        .route("a");
    let running = Pipeline::new("p").switch(s).stage("z", |x: i64| x).spawn().unwrap();
    let c = running.controller();
    let (s, r, h) = running.split();
    let t = std::thread::spawn(move || {
        for i in 0..50000i64 {
            s.send(i).unwrap();
            if i % 97 == 0 {
                c.route("s", ["a", "b", "c"][(i as usize / 97) % 3]).unwrap();
            }
        }
    });
    let got: Vec<i64> = r.into_iter().map(|x| x.unwrap()).collect();
    t.join().unwrap();
    assert!(got == (0..50000).collect::<Vec<_>>());
    let f = h.join().unwrap();
    println!("{}\n{}", f.ledger, f.pipeline.topology());
}
#[test]
fn panics() {
    for w in [false, true] {
        let f = |x: i64| {
            assert!(x != 50, "fifty");
            x
        };
        let p = Pipeline::new("p").stage("id", |x: i64| x);
        let p = if w { p.workers("w", 2, move || f) } else { p.thread("w", |t| t.stage("f", f)) };
        let running = p.spawn().unwrap();
        running.send_all(0..100).unwrap();
        let e = running.finish().unwrap_err();
        println!("{e}");
        let f = e.into_finished().unwrap();
        println!(
            "{} {:?}\n{}",
            f.outputs.len(),
            f.failures.iter().map(|f| f.to_string()).collect::<Vec<_>>().first(),
            f.ledger
        );
    }
}
#[test]
fn blocked() {
    let (tx, rx) = std::sync::mpsc::channel::<()>();
    let rx = std::sync::Mutex::new(rx);
    let s = Switch::new("s")
        .target(
            "a",
            Pipeline::new("a").thread("t", |t| {
                t.stage("stuck", move |x: i64| {
                    let _ = rx.lock().unwrap().recv();
                    x
                })
            }),
        )
        .target("b", |x: i64| -x)
        .route("a");
    let running = Pipeline::new("p").switch(s).spawn().unwrap();
    let c = running.controller();
    running.send_all(0..10).unwrap();
    running.settle().unwrap();
    let r = c.edit(|e| e.route("s", "b")?.in_flight(InFlight::fail_after(std::future::ready(()))));
    let _ = r;
    running.send_all(10..20).unwrap();
    let mut running = running;
    for _ in 0..20 {
        println!("{:?}", running.recv().unwrap());
    }
    println!("{}", running.ledger());
    drop(tx);
    println!("{:?}", running.finish().unwrap().ledger);
}
