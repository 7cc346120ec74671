//! Checks of the whole plan: hosts without a path, times that contradict each other.

mod faults;

use std::collections::BTreeMap;

use kernel::{Instant, Ratio};

use crate::format::diagnostic::{Code, DIAGNOSTICS_MAX, Diagnostic};
use crate::format::setting::MapKey;
use crate::format::units::QuantityRange;
use crate::plan::{
    Build, Domain, Host, HostProgram, Limits, Link, Priorities, Scenario, ViolationKind,
};

/// What is wrong with a plan: the dotted path of a setting, and a diagnostic without position.
type Mistakes = Vec<(String, Diagnostic)>;

/// A table of what is wrong: if the condition holds, the setting of the dotted path contradicts others
/// for this reason.
macro_rules! contradictions {
    ($mistakes:ident { $(
        $is_wrong:expr => $path:literal: $why:literal $(, help $help:literal)?;
    )+ }) => {$(
        if $is_wrong {
            let found = Diagnostic::of_file(Code::Contradiction, format!($why));
            $(let found = found.help(format!($help));)?
            $crate::file::check::add($mistakes, format!($path), found);
        }
    )+};
}
use contradictions;

/// Everything wrong with the plan as a whole, by dotted path. Diagnostics have no position.
pub(super) fn check(scenario: &Scenario) -> Mistakes {
    let mut mistakes = Mistakes::new();
    hosts(scenario, &mut mistakes);
    network(scenario, &mut mistakes);
    connectors(scenario, &mut mistakes);
    faults::faults(scenario, &mut mistakes);
    workloads(scenario, &mut mistakes);
    pins(scenario, &mut mistakes);
    swarm(scenario, &mut mistakes);
    until_first(scenario, &mut mistakes);
    mistakes
}

fn add(mistakes: &mut Mistakes, path: String, found: Diagnostic) {
    if mistakes.len() < DIAGNOSTICS_MAX {
        mistakes.push((path, found));
    }
}

fn hosts(scenario: &Scenario, mistakes: &mut Mistakes) {
    if scenario.hosts.is_empty() {
        let message = "a scenario needs at least one host";
        add(
            mistakes,
            "host".to_owned(),
            Diagnostic::of_file(Code::MissingKey, message),
        );
    }
    let most = Host::CONTROL_BLOCKS_4_0;
    let mut owners = BTreeMap::new();
    for (name, host) in &scenario.hosts {
        // Also between a given address and one that was assigned: packets are delivered by address.
        let taken = host.all_addresses().find_map(|address| {
            let owner = owners.insert(address, name);
            owner.map(|owner| (address, owner))
        });
        let (address, owner) = taken.unwrap_or((host.address, name));
        let list = host.addresses.as_deref().unwrap_or_default();
        let key = if list.is_empty() {
            "address"
        } else {
            "addresses"
        };
        let first = list.first().copied().unwrap_or(host.address);
        let mut aliases = host.aliases.iter().flatten();
        let alias = aliases
            .find(|it| scenario.hosts.contains_key(*it))
            .map_or("", String::as_str);
        let is_4_0 = host.build().is_some_and(Build::is_4_0);
        contradictions! { mistakes {
            owner != name => "host.{name}.{key}": "{address} is already the address of `{owner}`";
            taken.is_some() && owner == name => "host.{name}.addresses": "{address} is listed twice";
            first != host.address => "host.{name}.address":
                "the first of the host's `addresses` is {first}, not this one",
                help "leave `address` out: it is the first of `addresses`";
            !list.is_empty() && host.build().is_some() => "host.{name}.addresses":
                "an MTA has one address: its configuration names one for each peer",
                help "give this host an `address`, and several `addresses` to a guest";
            !alias.is_empty() => "host.{name}.aliases": "`{alias}` is the name of a host already";
            host.program == HostProgram::Guest(false) => "host.{name}.guest":
                "a host runs a program: write `guest = true`, or the MTA's `build`";
            // TCP/IP and TP4 share 64 control blocks in 4.0, and each has at least 2 (Q166602, Q151412).
            is_4_0 && host.control_blocks > most => "host.{name}.control_blocks":
                "an MTA of 4.0 has at most {most} control blocks (Q166602)",
                help "set host.{name}.control_blocks to {most} or less, or use a later build";
        } }
    }
}

/// What a run would refuse, but only after the whole file has been printed and lowered; and what has no
/// effect in a bad state, because there is none or no packet of it arrives.
fn network(scenario: &Scenario, mistakes: &mut Mistakes) {
    addresses_of_links(scenario, mistakes);
    let mut degrees = BTreeMap::new();
    for (
        name,
        Link {
            between: [one, other],
            forward,
            backward,
            ..
        },
    ) in &scenario.links
    {
        *degrees.entry(one).or_insert(0_u32) += 1;
        *degrees.entry(other).or_insert(0_u32) += 1;
        let mut ways = [forward, backward].into_iter();
        let useless = ways.find(|way| way.has_bad_state_settings() && !way.loss.has_bad_state());
        let key = match useless.map(|way| way.bad_delay) {
            Some(Some(_)) => "bad_delay",
            Some(None) | None => "bad_bandwidth",
        };
        contradictions! { mistakes {
            one == other => "link.{name}.between": "a link joins two different hosts";
            useless.is_some() => "link.{name}.{key}":
                "no packet arrives in a bad state of this loss model",
                help "give loss.gilbert-elliott its good_to_bad, bad_to_good, and a loss_bad below 1";
        } }
    }
    let hosts = u32::try_from(scenario.hosts.len()).unwrap_or(u32::MAX);
    let routers = degrees.into_values().filter(|it| *it > 1).count();
    let [of_hosts, of_routers] = [
        net::NetworkError::TooManyHosts(hosts),
        net::NetworkError::TooManyRouters(routers),
    ];
    contradictions! { mistakes {
        hosts > net::HOSTS_MAX => "host": "{of_hosts}";
        routers > net::ROUTERS_MAX => "link": "{of_routers}";
    } }
}

/// An address of a link is one of its two hosts' own, and belongs to no other link.
fn addresses_of_links(scenario: &Scenario, mistakes: &mut Mistakes) {
    let mut owners = BTreeMap::new();
    for (name, link) in &scenario.links {
        for address in link.addresses.iter().flatten() {
            let hosts = link.between.iter().filter_map(|it| scenario.hosts.get(it));
            let mut own = hosts.flat_map(Host::all_addresses);
            let is_own = own.any(|it| it == *address);
            let [one, other] = &link.between;
            let owner = owners.insert(address, name);
            let of = owner.map_or("", String::as_str);
            contradictions! { mistakes {
                !is_own => "link.{name}.addresses":
                    "{address} is an address of neither `{one}` nor `{other}`",
                    help "list it in the `addresses` of the host that has it";
                owner.is_some() => "link.{name}.addresses": "{address} belongs to link `{of}` already";
            } }
        }
    }
}

/// A connector leads from an MTA to a host that links join with it: to a guest, too, which the MTA calls
/// like any peer.
fn connectors(scenario: &Scenario, mistakes: &mut Mistakes) {
    // Once for all connectors: a file may have thousands of both, and a search for each pair
    // would take minutes.
    let networks = networks(scenario);
    for (name, connector) in &scenario.connectors {
        let (from, to) = (connector.from.as_str(), connector.to.as_str());
        let is_guest = scenario
            .hosts
            .get(from)
            .is_some_and(|it| it.build().is_none());
        let is_joined = networks.get(from) == networks.get(to);
        contradictions! { mistakes {
            from == to => "connector.{name}.to": "a connector joins two different hosts";
            from != to && is_guest => "connector.{name}.from":
                "a connector starts at an MTA, and `{from}` is a guest",
                help "let the program of `{from}` connect to port 102 of `{to}`, or give `{from}` a `build` of the MTA in place of `guest`";
            !is_guest && !is_joined => "connector.{name}.to":
                "no path of links leads from `{from}` to `{to}`",
                help "add a table [link.NAME] with between = [\"{from}\", \"{to}\"]";
        } }
    }
}

/// For each host the first of those that links join with it.
fn networks(scenario: &Scenario) -> BTreeMap<&str, &str> {
    let mut neighbours: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for link in scenario.links.values() {
        let [one, other] = &link.between;
        neighbours.entry(one).or_default().push(other);
        neighbours.entry(other).or_default().push(one);
    }
    let mut networks = BTreeMap::new();
    for first in scenario.hosts.keys() {
        let mut reached = vec![first.as_str()];
        while let Some(host) = reached.pop() {
            if !networks.contains_key(host) {
                networks.insert(host, first.as_str());
                reached.extend(neighbours.get(host).into_iter().flatten());
            }
        }
    }
    networks
}

fn workloads(scenario: &Scenario, mistakes: &mut Mistakes) {
    let workloads = scenario.workloads.len();
    let most = Limits::messages_each(workloads);
    contradictions! { mistakes {
        scenario.limits.messages > most => "limits.messages":
            "messages have numbers of 32 bits, which {workloads} workloads share",
            help "set limits.messages = {most} or less";
    } }
    let duration = scenario.duration;
    let last = Instant::ZERO.saturating_add(duration);
    for (name, workload) in &scenario.workloads {
        let end = workload.end.unwrap_or(last);
        let [urgent, non_urgent] = match workload.priorities {
            Priorities::Mix { urgent, non_urgent } => [urgent, non_urgent],
            Priorities::All(_) => [Ratio::ZERO; 2],
        };
        let mixed = urgent.of_two_to_64() + non_urgent.of_two_to_64();
        contradictions! { mistakes {
            end > last => "workload.{name}.end": "the workload ends after the run ({duration})";
            workload.start >= end => "workload.{name}.start": "the workload starts after its end";
            workload.size.from > workload.size.to => "workload.{name}.size.to":
                "the largest size is below the smallest";
            mixed > Ratio::ONE.of_two_to_64() => "workload.{name}.mix":
                "{urgent} and {non_urgent} add up to more than 1";
        } }
    }
}

fn pins(scenario: &Scenario, mistakes: &mut Mistakes) {
    for (index, outage) in scenario.pins.outages.iter().enumerate() {
        contradictions! { mistakes {
            outage.from >= outage.to => "pin.outages[{index}].to": "the outage ends before it begins";
        } }
    }
    for (pair, index) in scenario.pins.reseeds.windows(2).zip(1..) {
        contradictions! { mistakes {
            pair[1].from <= pair[0].from => "pin.reseed[{index}].from":
                "each entry must be later than the one before";
        } }
    }
}

fn swarm(scenario: &Scenario, mistakes: &mut Mistakes) {
    for part in &scenario.swarm.always {
        let exists = match part.split('.').collect::<Vec<_>>().as_slice() {
            ["fault", name] => scenario.faults.contains_key(*name),
            ["link", name, _] => scenario.links.contains_key(*name),
            _ => false,
        };
        if !exists {
            let message = format!("there is no fault or link for `{part}`");
            let mistake = Diagnostic::of_file(Code::UnknownName, message);
            add(mistakes, "swarm.always".to_owned(), mistake);
        }
    }
    for (index, variation) in scenario.swarm.vary.iter().enumerate() {
        let Domain::Range([from, to]) = &variation.domain else {
            continue;
        };
        contradictions! { mistakes {
            QuantityRange::parse(from, to).is_none() => "swarm.vary[{index}].range":
                "`{from}` and `{to}` are not two times, sizes, rates or whole numbers, the smaller first";
        } }
    }
}

/// A kind or a signature. A misspelt one would never be met.
fn until_first(scenario: &Scenario, mistakes: &mut Mistakes) {
    let (kinds, any) = (ViolationKind::names(), Scenario::ANY_EXCEPTION);
    // Every signature names a location or a cause after a colon.
    let is_known = |it: &str| it.contains(": ") || it == any || (kinds.is_valid)(it);
    let name = scenario.until_first.as_deref();
    let Some(name) = name.filter(|name| !is_known(name)) else {
        return;
    };
    let kinds = (kinds.help)(name);
    let help = format!(
        "{kinds}, or `{any}`, or a signature as a report shows it, such as \
         `control-block-leak: closing a control block`"
    );
    let message = format!("`{name}` is no kind of failure, and no signature");
    let mistake = Diagnostic::of_file(Code::UnknownWord, message).help(help);
    add(mistakes, "until_first".to_owned(), mistake);
}
