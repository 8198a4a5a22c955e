//! A `tower` service as a stage.

use std::future::poll_fn;
use std::sync::Arc;

use futures::lock::Mutex;
use tower_service::Service;

use super::{Options, ServiceStage};
use crate::boundary::Lost;
use crate::stage::{BoxError, Output, Stage, Unpacked};

/// A `tower::Service` as a stage: every item is a request, and the response goes on; at most `limit` requests at a time.
///
/// The service is asked to be ready before each call, one request at a time, in order: its own back pressure (a buffer, a
/// rate or concurrency limit) is that of the stage. When it is not ready for good, the items come back in the failures; a
/// request that failed after the call has gone with it, unless the stage is [`cloned`](ServiceStage::cloned).
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, ThroughExt, tower_stage};
/// use futures::{StreamExt, executor::block_on, stream};
/// use tower::service_fn;
///
/// let double = service_fn(|x: i64| async move { Ok::<_, std::io::Error>(x * 2) });
/// let pipeline = Pipeline::new("p").stage("double", tower_stage(8, double));
/// let doubled: Vec<i64> = block_on(stream::iter(1..=3).through(pipeline).map(Result::unwrap).collect());
/// assert_eq!(doubled, [2, 4, 6]);
/// ```
pub fn tower_stage<In, S>(limit: usize, service: S) -> ServiceStage<In, S>
where
    S: Service<In>,
{
    ServiceStage { make: service, options: Options::new(limit) }
}

impl<In, S> Stage<In> for ServiceStage<In, S>
where
    In: Send + 'static,
    S: Service<In> + Send + 'static,
    S::Response: Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Out = S::Response;

    const PLAIN: bool = false;

    /// Never called: the stage is unpacked when it becomes a part of a pipeline.
    fn process(&mut self, item: In, out: &mut Output<'_, S::Response>) {
        out.fail(item, "a service takes items as a part of a pipeline");
    }

    fn unpack(self) -> Unpacked<Self> {
        // Whoever waits for the service to be ready has it alone; the next is woken when it has made its call.
        let service = Arc::new(Mutex::new(self.make));
        let ask = move |item: In| {
            let service = Arc::clone(&service);
            async move {
                let mut ready = service.lock().await;
                if let Err(error) = poll_fn(|task| ready.poll_ready(task)).await {
                    return Err(Lost::Failed(error.into(), Some(item)));
                }
                let response = ready.call(item);
                drop(ready);
                response.await.map_err(|error| Lost::Failed(error.into(), None))
            }
        };
        Unpacked::Made(Box::new(self.options.stage(ask)))
    }
}
