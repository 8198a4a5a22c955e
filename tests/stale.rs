//! A reply that the body did not wait for is not one to its next item.
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use coroute::{NoReply, Pipeline, Source};

#[test]
fn g6_a_reply_that_was_given_up_is_not_that_to_the_next_item() {
    let pipeline = Pipeline::new("p").stage("s", |x: i64| if x == 2 { panic!("boom") } else { x * 10 });
    let controller = pipeline.controller();
    let mut source = Source::new(pipeline, |mut out| async move {
        {
            let mut first = pin!(out.send(1));
            let mut polled = false;
            poll_fn(|cx| {
                if polled {
                    return Poll::Ready(());
                }
                polled = true;
                first.as_mut().poll(cx).map(drop)
            })
            .await;
        }
        out.send(2).await
    });
    source.step().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| source.step())).is_err());
    controller.replace("s", |x: i64| x).unwrap();
    assert_eq!(source.run().unwrap(), Err(NoReply::Failed));
}
