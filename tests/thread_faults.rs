//! Faults injected into pipelines whose stages run on threads: panics at every item of every stage during every edit, stages
//! that block, ends that are dropped, and a system that gives no thread.
//!
//! Items carry their number, and every stage writes its tag on them. So what a run has to give follows from the stages
//! before and after the edit, and from the receipt's cut.

#[path = "thread_faults/blocked.rs"]
mod blocked;
#[path = "thread_faults/controls.rs"]
mod controls;
#[path = "thread_faults/ends.rs"]
mod ends;
#[path = "thread_faults/kit.rs"]
mod kit;
#[path = "thread_faults/no_threads.rs"]
mod no_threads;
#[path = "thread_faults/panics.rs"]
mod panics;
