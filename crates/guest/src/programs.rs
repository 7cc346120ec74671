//! Checks that the registered programs and the hosts of a scenario fit together.

use config::plan::Scenario;
use simulation::LoweringError;

use crate::sim::Sim;

/// Every guest has one program, and every program is a guest's.
pub(crate) fn check(sim: &Sim, scenario: &Scenario) -> Result<(), LoweringError> {
    let rejected = |text| Err(LoweringError::Rejected(text));
    for program in &sim.programs {
        let name = &program.host;
        let Some(host) = scenario.hosts.get(name) else {
            let hosts: Vec<&str> = scenario.hosts.keys().map(String::as_str).collect();
            let hosts = hosts.join(", ");
            return rejected(format!(
                "a program is registered for host `{name}`, but the scenario's hosts are {hosts}: \
                 add [host.{name}] with guest = true to the file, or correct the name"
            ));
        };
        if let Some(build) = host.build() {
            return rejected(format!(
                "a program is registered for host `{name}`, which runs the MTA {build}: write \
                 guest = true in place of `build`, or register no program for it"
            ));
        }
    }
    let guests = scenario.hosts.iter();
    let mut guests = guests
        .filter(|(_, host)| host.build().is_none())
        .map(|(name, _)| name)
        .peekable();
    if guests.peek().is_none() {
        return rejected(
            "no host of the scenario is a guest: run it with `mtasim`, or give a host \
             guest = true in place of `build`"
                .to_owned(),
        );
    }
    for name in guests {
        match sim.programs.iter().filter(|it| it.host == *name).count() {
            1 => {}
            0 => {
                return rejected(format!(
                    "host `{name}` is a guest and has no program: register one with \
                     sim.host(\"{name}\", || async {{ .. }})"
                ));
            }
            count => {
                return rejected(format!(
                    "host `{name}` has {count} programs: register one, which may spawn tasks"
                ));
            }
        }
    }
    Ok(())
}
