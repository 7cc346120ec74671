//! 9405 and 4097 against the articles that quote them.

use super::super::tests::{outcome_of, scenario, viewed};
use super::super::{Entry, WallTime};
use super::{Fatal, Writer, entries};
use config::plan::{Build, Epoch, Offset, TcpProfile};
use simulation::record::ThreadNumber;

/// The two entries of a host with this build and system.
fn logged(build: Build, tcp: TcpProfile, thread: u16, fatal: Fatal) -> [Entry; 2] {
    let mut scenario = scenario(build);
    scenario.hosts.get_mut("PARIS").expect("it is there").tcp = tcp;
    let outcome = outcome_of(&scenario);
    let epoch = Epoch(jiff::civil::date(1996, 11, 8).at(6, 23, 39, 0));
    let writer = Writer {
        view: viewed(&outcome),
        plan: &scenario.hosts["PARIS"],
        clock: WallTime::at(epoch, kernel::Instant::ZERO, Offset::default()),
    };
    entries(&writer, ThreadNumber(thread), fatal)
}

const RAISED: Fatal = Fatal {
    code: 0xe002_0002,
    address: 0,
    writes: false,
    location: None,
};

const ACCESS: Fatal = Fatal {
    code: 0xc000_0005,
    address: 0,
    writes: false,
    location: Some("control block.event"),
};

#[test]
fn a_raised_exception_reads_as_in_q152941() {
    let [unexpected, dr_watson] = logged(Build::V4_0_993_6, TcpProfile::Nt351, 10, RAISED);
    assert_eq!(
        unexpected.description(),
        "An unexpected error has occurred which may cause the MTA to terminate. Error: Exception \
         e0020002 occurred at Address 77f3cbcd. [BASE TCP/IP DRVR 10] (16)"
    );
    assert_eq!(
        dr_watson.description(),
        "The application, emsmta.DBG, generated an application error. The error occurred on \
         11/ 8/1996 @ 6:23:39. 0 The exception generated was e0020002 at address 77f3cbcd \
         (<nosymbols>)"
    );
    assert_eq!((unexpected.id, dr_watson.id), (9405, 4097));
}

#[test]
fn an_access_violation_of_4_0_names_no_thread() {
    let [unexpected, _] = logged(Build::V4_0_993_6, TcpProfile::Nt351, 10, ACCESS);
    let text = unexpected.description();
    let (frame, rest) = text.split_once("Exception").expect("it is named");
    assert_eq!(
        frame,
        "An unexpected error has occurred which may cause the MTA to terminate. Error: "
    );
    let address = rest
        .strip_prefix(" c0000005 occurred at Address ")
        .expect("as in Q152941");
    let address = address.strip_suffix('.').expect("nothing follows");
    assert_eq!(address.len(), 8);
    let address = u32::from_str_radix(address, 16).expect("it is hexadecimal");
    assert!((0x0200_0000..0x0210_0000).contains(&address), "{address:x}");
}

#[test]
fn a_violation_in_select_reads_as_in_q152941() {
    let in_select = Fatal {
        location: Some("select() argument.handle"),
        ..ACCESS
    };
    let [unexpected, _] = logged(Build::V4_0_993_6, TcpProfile::Nt351, 10, in_select);
    assert_eq!(
        unexpected.description(),
        "An unexpected error has occurred which may cause the MTA to terminate. Error: Exception \
         c0000005 occurred at Address 761f62ab."
    );
}

#[test]
fn a_violation_in_the_heap_is_in_the_systems_code() {
    let in_heap = Fatal {
        location: Some("heap list.before"),
        ..ACCESS
    };
    let [unexpected, _] = logged(Build::V4_0_993_6, TcpProfile::Nt351, 10, in_heap);
    let text = unexpected.description();
    let (_, address) = text.split_once("at Address ").expect("as in Q152941");
    let address = address.strip_suffix('.').expect("nothing follows");
    let address = u32::from_str_radix(address, 16).expect("it is hexadecimal");
    assert!((0x77f8_0000..0x77fc_e000).contains(&address), "{address:x}");
}

#[test]
fn later_builds_name_the_access() {
    let [reading, _] = logged(Build::V5_5_2653_23, TcpProfile::Nt4, 8, ACCESS);
    let text = reading.description();
    assert!(
        text.contains("Error: Access violation (0xc0000005) at Address 0x5"),
        "{text}"
    );
    assert!(
        text.ends_with(" reading from 0x0. [BASE TCP/IP DRVR 8] (16)"),
        "{text}"
    );
    let writes = Fatal {
        address: 0x1670,
        writes: true,
        ..ACCESS
    };
    let [writing, _] = logged(Build::V5_5_2653_23, TcpProfile::Nt4, 8, writes);
    assert!(
        writing.text.ends_with(" writing to 0x1670."),
        "{}",
        writing.text
    );
    let [raised, _] = logged(Build::V5_5_2653_23, TcpProfile::Nt4, 8, RAISED);
    assert!(
        raised
            .text
            .ends_with("Error: Exception 0xe0020002 occurred at Address 0x77f1cd91."),
        "{}",
        raised.text
    );
}
