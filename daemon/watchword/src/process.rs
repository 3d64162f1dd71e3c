//! What the kernel says of this process and this board (proc(5), thermal sysfs).

use std::{fs, time::Instant};

/// Clock ticks a second of `/proc/self/stat`: 100 on every Linux that user space sees (`USER_HZ`).
const TICKS_PER_SECOND: f32 = 100.0;
/// Bytes of `/proc/self/statm`'s pages: the page size differs between boards, so kB of `status` are read instead.
const KILOBYTE: u64 = 1024;

/// Figures of this process; keeps what it needs for differences.
#[derive(Debug, Default)]
pub(crate) struct Process {
    last: Option<(Instant, u64)>,
}

impl Process {
    /// Cores that this process used on average since the last call (0 at the first).
    pub(crate) fn cpu_cores(&mut self, now: Instant) -> f32 {
        let Some(ticks) = cpu_ticks() else { return 0.0 };
        let cores = self.last.map_or(0.0, |(at, before)| {
            let seconds = now.duration_since(at).as_secs_f32().max(0.001);
            ticks.saturating_sub(before) as f32 / TICKS_PER_SECOND / seconds
        });
        self.last = Some((now, ticks));
        cores
    }

    /// Resident memory, bytes; 0 where the kernel does not say.
    #[must_use]
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * KILOBYTE
    }

    /// Degrees Celsius of the board's first thermal zone, where there is one.
    #[must_use]
    pub(crate) fn temperature(&self) -> Option<f32> {
        let text = fs::read_to_string("/sys/class/thermal/thermal_zone0/temp").ok()?;
        text.trim().parse::<f32>().ok().map(|thousandths| thousandths / 1000.0)
    }
}

/// utime + stime: fields 14 and 15, counted behind the command's closing parenthesis (it may hold spaces).
fn cpu_ticks() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_busy_second_is_seen() {
        let mut process = Process::default();
        let start = Instant::now();
        assert!(process.cpu_cores(start).abs() < f32::EPSILON);
        let mut sum = 0_u64;
        while start.elapsed() < Duration::from_millis(300) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(process.cpu_cores(Instant::now()) > 0.1);
        assert!(process.resident_bytes() > 1_000_000);
    }
}
