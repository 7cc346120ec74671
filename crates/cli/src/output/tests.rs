//! Which paths an output refuses, and what becomes of what is there.

use std::os::unix::fs::symlink;

use super::*;
use crate::exit_code;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

const NEVER: Rules<'static> = Rules {
    force: false,
    inputs: &[],
};
const FORCE: Rules<'static> = Rules {
    force: true,
    inputs: &[],
};

fn names(directory: &Path) -> Vec<String> {
    let entries = directory.read_dir().expect("the directory can be read");
    entries
        .map(|it| it.expect("an entry").file_name().to_string_lossy().into())
        .collect()
}

#[track_caller]
fn refusal(path: &Path, rules: Rules<'_>) -> String {
    match OutputFile::prepare(path, rules) {
        Err(CommandError::Message(exit_code::IO, message)) => message,
        Err(_) => panic!("another failure"),
        Ok(output) => panic!("{output:?}"),
    }
}

fn write(path: &Path, rules: Rules<'_>, text: &str) {
    let output = OutputFile::prepare(path, rules).unwrap_or_else(|_| panic!("it can be written"));
    let written = output.write_quietly(|out| out.write_all(text.as_bytes()));
    written.unwrap_or_else(|_| panic!("it is written"));
}

#[test]
fn directories_are_made_and_nothing_is_left_but_the_file() {
    let folder = folder();
    let path = folder.path().join("a/b/c.txt");
    let output = OutputFile::prepare(&path, NEVER).unwrap_or_else(|_| panic!("it can be written"));
    assert_eq!(names(&folder.path().join("a/b")), [""; 0]);
    let written = output.write_quietly(|out| out.write_all(b"whole"));
    assert!(written.is_ok());
    assert_eq!(fs::read(&path).expect("it is there"), b"whole");
    assert_eq!(names(&folder.path().join("a/b")), ["c.txt"]);
}

#[test]
fn a_file_is_replaced_only_by_request_and_a_failed_write_leaves_it() {
    let folder = folder();
    let path = folder.path().join("a.txt");
    write(&path, NEVER, "old");
    assert!(refusal(&path, NEVER).ends_with("a.txt exists; use --force to replace it"));
    let output = OutputFile::prepare(&path, FORCE).unwrap_or_else(|_| panic!("it can be replaced"));
    let failed = output.write_quietly(|out| {
        out.write_all(b"half")?;
        Err(io::Error::other("disk full"))
    });
    assert!(failed.is_err());
    assert_eq!(fs::read(&path).expect("it is there"), b"old");
    assert_eq!(names(folder.path()), ["a.txt"]);
    fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("permissions");
    write(&path, FORCE, "new");
    assert_eq!(fs::read(&path).expect("it is there"), b"new");
    let mode = path.metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640, "the permissions stay");
}

#[test]
fn a_file_that_appears_during_the_work_is_not_replaced() {
    let folder = folder();
    let path = folder.path().join("a.txt");
    let output = OutputFile::prepare(&path, NEVER).unwrap_or_else(|_| panic!("it can be written"));
    fs::write(&path, "of another process").expect("a file");
    let written = output.write_quietly(|out| out.write_all(b"mine"));
    assert!(written.is_err());
    assert_eq!(fs::read(&path).expect("it is there"), b"of another process");
}

#[test]
fn an_input_is_never_replaced_by_whatever_name() {
    let folder = folder();
    let [input, link, hard] = ["in.toml", "link", "hard"].map(|name| folder.path().join(name));
    fs::write(&input, "mine").expect("a file");
    symlink(&input, &link).expect("a link");
    fs::hard_link(&input, &hard).expect("a link");
    let rules = Rules {
        force: true,
        inputs: &[&input],
    };
    for name in [&input, &link, &hard, &folder.path().join("./in.toml")] {
        let message = refusal(name, rules);
        assert!(
            message.ends_with("it is an input of this command"),
            "{message}"
        );
    }
    assert_eq!(fs::read(&input).expect("it is there"), b"mine");
}

#[test]
fn a_link_stays_and_its_target_is_replaced_by_request() {
    let folder = folder();
    let [target, link, nothing] = ["target", "link", "nothing"].map(|it| folder.path().join(it));
    fs::write(&target, "old").expect("a file");
    symlink(&target, &link).expect("a link");
    assert!(refusal(&link, NEVER).ends_with("link exists; use --force to replace it"));
    write(&link, FORCE, "new");
    assert!(link.is_symlink());
    assert_eq!(fs::read(&target).expect("it is there"), b"new");
    symlink(folder.path().join("absent"), &nothing).expect("a link");
    assert!(refusal(&nothing, FORCE).contains("it is a symbolic link to nothing; name a file"));
}

#[test]
fn devices_and_pipes_are_written_to_and_other_things_refused() {
    write(Path::new("/dev/null"), NEVER, "gone");
    let device = fs::metadata("/dev/null").expect("a device").file_type();
    assert!(device.is_char_device());
    let full = OutputFile::prepare(Path::new("/dev/full"), NEVER);
    let full = full.unwrap_or_else(|_| panic!("it can be opened"));
    assert!(full.write_quietly(|out| out.write_all(b"x")).is_err());
    let folder = folder();
    assert!(refusal(folder.path(), FORCE).ends_with("it is a directory"));
    assert!(refusal(&folder.path().join("new/"), FORCE).ends_with("it is not the name of a file"));
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    assert!(refusal(&socket, FORCE).ends_with("it is not a plain file"));
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    assert!(refusal(&pipe, FORCE).contains("it is a pipe that nobody reads; start its reader"));
    // What the probe needs: a reader that has the pipe open, which `cat` has at some time after its start.
    let mut reader = std::process::Command::new("cat")
        .arg(&pipe)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("cat is there");
    let output = (0..10_000).find_map(|_| OutputFile::prepare(&pipe, NEVER).ok());
    let output = output.expect("cat opens it");
    let written = output.write_quietly(|out| out.write_all(b"through"));
    assert!(written.is_ok());
    let mut read = String::new();
    io::Read::read_to_string(&mut reader.stdout.take().expect("a pipe"), &mut read).expect("text");
    reader.wait().expect("it ends");
    assert_eq!(read, "through");
    assert!(fs::metadata(&pipe).expect("a pipe").file_type().is_fifo());
}

#[test]
fn two_outputs_are_two_files() {
    let folder = folder();
    let path = folder.path().join("a");
    let again = folder.path().join("./a");
    let below = path.join("below/../c");
    for other in [&path, &again, &below] {
        for [first, second] in [[&path, other], [other, &path]] {
            let mut outputs = Outputs::new(NEVER);
            assert!(outputs.claim(first, false).is_ok());
            match outputs.claim(second, false) {
                Err(CommandError::Message(exit_code::USAGE, message)) => {
                    assert!(message.contains(" two outputs"), "{message}");
                }
                _ => panic!("{first:?} and {second:?} are in one place"),
            }
        }
    }
    let mut outputs = Outputs::new(NEVER);
    assert!(outputs.claim(&path, true).is_ok());
    assert!(
        outputs.claim(&below, false).is_ok(),
        "a file in a directory"
    );
    assert!(
        outputs.claim(&path, false).is_err(),
        "a file in place of a directory"
    );
    assert!(
        outputs.claim(folder.path(), false).is_err(),
        "a file in place of a directory above"
    );
}
