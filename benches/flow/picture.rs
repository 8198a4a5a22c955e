//! What comes out of a pipeline around a change of the route, in bins of one millisecond.
//!
//! Twenty items a millisecond come to a worker that takes four to six milliseconds for each and works on many at once. Then
//! the route is changed to another such worker. Virtual time, so the picture is the same in every run.

use std::cell::RefCell;
use std::rc::Rc;

use futures::StreamExt;
use futures::executor::LocalSpawner;
use futures::task::LocalSpawnExt;
use plotters::prelude::*;

use crate::desk::line;
use crate::manner::{Manner, Router};
use crate::time::{MICRO, Random, Time, run};

/// Between two items.
const GAP: u64 = 50 * MICRO;

/// One bin.
const MILLI: u64 = 1000 * MICRO;

/// Bins before the edit that are shown, bins after it, and bins until the flow is steady.
const BEFORE: usize = 8;
const AFTER: usize = 22;
const STEADY: usize = 40;

/// Items that a worker works on at once, and that its channel holds.
const AT_ONCE: usize = 256;
const ROOM: usize = 16;

/// What is drawn, from the back to the front: the manner, its colour, readable on light and on dark, and how wide and how
/// opaque the line is. Two of the manners come to the same: one lies broad under the other.
const LINES: [(Manner, RGBColor, u32, f64); 3] = [
    (Manner::FanoutReplace, RGBColor(64, 165, 108), 7, 0.45),
    (Manner::PauseDrainSwap, RGBColor(224, 120, 40), 2, 1.0),
    (Manner::Ours, RGBColor(58, 134, 224), 2, 1.0),
];

/// Text and axes.
const GREY: RGBColor = RGBColor(128, 128, 128);

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/throughput.svg");

/// Items that came out in each bin, from `BEFORE` bins before the edit.
fn bins(manner: Manner) -> Vec<u32> {
    let time = Time::default();
    let clock = time.clone();
    run(&time, |spawner| async move { flow(manner, &clock, &spawner).await }).expect("both workers work")
}

async fn flow(manner: Manner, time: &Time, spawner: &LocalSpawner) -> Vec<u32> {
    let all = Rc::new(RefCell::new(vec![0; STEADY + AFTER + 1]));
    let lines = [1, 2].map(|seed| {
        let (line, received) = line(ROOM);
        let (desk, clock, all, mut random) = (line.desk.clone(), time.clone(), Rc::clone(&all), Random(seed));
        let timer = time.clone();
        let work = desk.take(received).map(move |_| timer.sleep(4 * MILLI + (random.unit() * 2e6) as u64));
        let out = work.buffer_unordered(AT_ONCE).for_each(move |()| {
            desk.finish(clock.now());
            if let Some(bin) = all.borrow_mut().get_mut((clock.now() / MILLI) as usize) {
                *bin += 1;
            }
            std::future::ready(())
        });
        spawner.spawn_local(out).unwrap();
        line
    });
    let mut router = Router::start(manner, spawner, time.arrivals(|| GAP), lines);
    time.sleep_until(STEADY as u64 * MILLI).await;
    router.reroute().await;
    time.sleep_until((STEADY + AFTER) as u64 * MILLI).await;
    all.borrow()[STEADY - BEFORE..STEADY + AFTER].to_vec()
}

/// The same in words.
pub(crate) fn print() {
    let usual = MILLI / GAP;
    println!("\nItems that come out in a millisecond around a reroute, usually {usual}, virtual time:\n");
    println!("| manner | least | most | late |");
    println!("| --- | --- | --- | --- |");
    for manner in Manner::ALL {
        let bins = bins(manner);
        let (mut behind, mut late) = (0, 0);
        for bin in &bins[BEFORE..] {
            behind += usual as i64 - i64::from(*bin);
            late = late.max(behind);
        }
        let (least, most) = (bins.iter().min().unwrap(), bins.iter().max().unwrap());
        println!("| {} | {least} | {most} | {late} |", manner.words());
    }
}

/// Draws it.
pub(crate) fn draw() {
    std::fs::write(FILE, svg()).expect("the guide can be written");
    println!("{FILE}");
}

fn svg() -> String {
    let mut text = String::new();
    {
        let lines = LINES
            .map(|(manner, colour, width, opacity)| (manner, colour.mix(opacity).stroke_width(width), bins(manner)));
        let most = lines.iter().flat_map(|(.., bins)| bins).max().copied().unwrap_or(0);
        let root = SVGBackend::with_string(&mut text, (680, 300)).into_drawing_area();
        let font = |size: u32| ("sans-serif", size).into_font().color(&GREY);
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .x_label_area_size(42)
            .y_label_area_size(52)
            .build_cartesian_2d(-(BEFORE as f64)..AFTER as f64, 0.0..f64::from(most) * 1.1)
            .unwrap();
        chart
            .configure_mesh()
            .disable_mesh()
            .axis_style(GREY)
            .label_style(font(12))
            .axis_desc_style(font(13))
            .x_desc("time since the edit, ms")
            .y_desc("items out per ms")
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_label_formatter(&|y| format!("{y:.0}"))
            .draw()
            .unwrap();
        for (manner, style, bins) in lines {
            // A bin is a step.
            let steps = bins.into_iter().enumerate().flat_map(|(at, bin)| {
                let from = at as f64 - BEFORE as f64;
                [(from, f64::from(bin)), (from + 1.0, f64::from(bin))]
            });
            let series = LineSeries::new(steps, style);
            chart
                .draw_series(series)
                .unwrap()
                .label(manner.words())
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        chart.configure_series_labels().label_font(font(13)).position(SeriesLabelPosition::UpperLeft).draw().unwrap();
        root.present().unwrap();
    }
    text
}
