//! examples/log_report.kay in Rust, line for line the same report: log_report [FILE]

use regex::Regex;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::hash::Hash;
use std::io::{self, BufRead, BufReader, BufWriter, Write};

const LINE: &str = concat!(
    r#"^(?P<host>\S+) \S+ \S+ \[(?P<day>[^:\]]+):(?P<hour>\d\d):[^\]]+\] "#,
    r#""(?P<method>[A-Z]+) (?P<target>\S+) HTTP/[0-9.]+" (?P<status>\d{3}) (?P<size>\d+|-) "#,
    r#""[^"]*" "(?P<agent>[^"]*)"$"#
);
const BOT: &str = r"(?i)bot|crawl|spider|curl|python-requests|Go-http-client";
const TOP: usize = 10;

type Counts = HashMap<String, i64>;

fn add(counts: &mut Counts, key: &str, amount: i64) {
    match counts.get_mut(key) {
        Some(count) => *count += amount,
        None => {
            counts.insert(key.to_owned(), amount);
        }
    }
}

fn ranked<K: Ord + Hash>(counts: &HashMap<K, i64>, limit: usize) -> Vec<(&K, i64)> {
    let mut items: Vec<_> = counts.iter().map(|(key, count)| (key, *count)).collect();
    items.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    items.truncate(limit);
    items
}

/// 1234567 as 1,234,567.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn heading(out: &mut impl Write, title: &str) -> io::Result<()> {
    writeln!(out, "\n{title}\n{}", "-".repeat(title.len()))
}

fn print_ranked(out: &mut impl Write, title: &str, counts: &Counts, limit: usize) -> io::Result<()> {
    heading(out, title)?;
    for (name, count) in ranked(counts, limit) {
        writeln!(out, "{:>10}  {name}", grouped(count))?;
    }
    Ok(())
}

fn report(path: &str) -> io::Result<()> {
    let line_pattern = Regex::new(LINE).expect("the pattern is a literal");
    let bot_pattern = Regex::new(BOT).expect("the pattern is a literal");
    let (mut lines, mut malformed, mut total_bytes, mut from_bots) = (0i64, 0i64, 0i64, 0i64);
    let (mut statuses, mut methods, mut paths) = (Counts::new(), Counts::new(), Counts::new());
    let (mut missing, mut hosts, mut host_bytes) = (Counts::new(), Counts::new(), Counts::new());
    let mut hours: BTreeMap<i64, i64> = BTreeMap::new();
    let mut days = Counts::new();
    let mut days_in_order: Vec<String> = Vec::new();

    for line in BufReader::new(File::open(path)?).lines() {
        let line = line?;
        lines += 1;
        let Some(fields) = line_pattern.captures(&line) else {
            malformed += 1;
            continue;
        };
        let host = &fields["host"];
        let status = &fields["status"];
        let target = fields["target"].split('?').next().unwrap_or_default();
        let size: i64 = if &fields["size"] == "-" { 0 } else { fields["size"].parse().expect("digits only") };
        total_bytes += size;
        add(&mut statuses, status, 1);
        add(&mut methods, &fields["method"], 1);
        add(&mut paths, target, 1);
        add(&mut hosts, host, 1);
        add(&mut host_bytes, host, size);
        *hours.entry(fields["hour"].parse().expect("two digits")).or_insert(0) += 1;
        if !days.contains_key(&fields["day"]) {
            days_in_order.push(fields["day"].to_owned());
        }
        add(&mut days, &fields["day"], 1);
        if status == "404" {
            add(&mut missing, target, 1);
        }
        if bot_pattern.is_match(&fields["agent"]) {
            from_bots += 1;
        }
    }

    let mut out = BufWriter::new(io::stdout().lock());
    let requests = lines - malformed;
    writeln!(out, "{} lines, {} requests, {} malformed", grouped(lines), grouped(requests), grouped(malformed))?;
    if requests == 0 {
        return Ok(());
    }
    let mebibytes = total_bytes as f64 / 1048576.0;
    let average = total_bytes as f64 / requests as f64;
    writeln!(out, "{} bytes sent ({mebibytes:.1} MiB), {average:.1} a request", grouped(total_bytes))?;
    let share = (100 * from_bots) as f64 / requests as f64;
    let (host_count, path_count) = (grouped(hosts.len() as i64), grouped(paths.len() as i64));
    writeln!(out, "{host_count} hosts, {path_count} paths, {share:.2} % of requests from programs")?;

    heading(&mut out, "Requests per status")?;
    let mut by_status: Vec<_> = statuses.iter().collect();
    by_status.sort();
    for (status, count) in by_status {
        let share = (100 * count) as f64 / requests as f64;
        writeln!(out, "{status} {:>10} {share:6.2} %", grouped(*count))?;
    }

    print_ranked(&mut out, "Requests per method", &methods, methods.len())?;
    print_ranked(&mut out, "Top paths", &paths, TOP)?;
    print_ranked(&mut out, "Top missing paths", &missing, TOP)?;

    heading(&mut out, "Top hosts")?;
    for (host, count) in ranked(&hosts, TOP) {
        writeln!(out, "{:>10}  {:8.2} MiB  {host}", grouped(count), host_bytes[host] as f64 / 1048576.0)?;
    }

    heading(&mut out, "Requests per day")?;
    for day in &days_in_order {
        writeln!(out, "{day} {:>10}", grouped(days[day]))?;
    }

    heading(&mut out, "Requests per hour")?;
    let busiest = hours.values().copied().max().unwrap_or(1);
    for (hour, count) in &hours {
        let bar = "#".repeat((count * 50 / busiest) as usize);
        writeln!(out, "{hour:02}:00 {:>8} {bar}", grouped(*count))?;
    }
    out.flush()
}

fn main() -> io::Result<()> {
    report(std::env::args().nth(1).as_deref().unwrap_or("examples/access.log"))
}
