//! Memory and threads of this process, where there is a `/proc`.

use std::fs;

/// Bytes that the process has in memory.
pub(crate) fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

/// The threads with that name, or with one that goes on behind it with `_`.
pub(crate) fn threads(begin: &str) -> Vec<String> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    let own = |name: &String| name.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    let mut names: Vec<String> = names.map(|name| name.trim().to_owned()).filter(own).collect();
    names.sort();
    names
}

/// Whether memory, sampled in even steps, does not grow: what is taken in the first quarter is for warming up.
///
/// # Errors
///
/// How it grows.
pub(crate) fn flat(samples: &[u64]) -> Result<(), String> {
    let warm = &samples[samples.len() / 4..];
    let (early, late) = warm.split_at(warm.len() / 2);
    let most = |samples: &[u64]| samples.iter().copied().max().unwrap_or(0);
    let (before, after) = (most(early), most(late));
    match after <= before + before / 10 + (16 << 20) {
        true => Ok(()),
        false => Err(format!("G5: memory grows: {} MiB, then {} MiB", before >> 20, after >> 20)),
    }
}
