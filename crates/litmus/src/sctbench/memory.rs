//! Programs whose failure is in memory: text that is gone, a null pointer, a block that was freed. The
//! state of a block is a word: whether it is allocated.

use super::{Caller, Shared, check};

pub(super) const LENGTH: u32 = 0;

/// `erase(0, 3)`, then `append("abc")`, each under the buffer's lock.
pub(super) async fn string_eraser(t: Caller, s: Shared) -> Caller {
    for length in [0, 3] {
        t.lock(s.lock(0)).await;
        t.read(s.word(LENGTH)).await;
        t.write(s.word(LENGTH), length).await;
        t.unlock(s.lock(0)).await;
    }
    t
}

/// `append(buffer)` asks for the length and copies so much text later, each under the lock; in the right
/// variant, under one.
pub(super) async fn string_appender(t: Caller, s: Shared) -> Caller {
    t.lock(s.lock(0)).await;
    let length = t.read(s.word(LENGTH)).await;
    if !s.fixed {
        t.unlock(s.lock(0)).await;
        t.lock(s.lock(0)).await;
    }
    let now = t.read(s.word(LENGTH)).await;
    check(&t, length <= now);
    t.unlock(s.lock(0)).await;
    t
}

const UID_KEYRING: u32 = 0;
const SESSION_KEYRING: u32 = 1;
/// Any address but null.
const KEY: u32 = 7;

/// `install_user_keyrings`: asks for the first keyring, and installs both. The right variant asks for
/// the one that is installed last.
async fn install_keyrings(t: &Caller, s: Shared) {
    let asked = if s.fixed {
        SESSION_KEYRING
    } else {
        UID_KEYRING
    };
    if t.read(s.word(asked)).await != 0 {
        return;
    }
    t.lock(s.lock(0)).await;
    if t.read(s.word(UID_KEYRING)).await == 0 {
        t.write(s.word(UID_KEYRING), KEY).await;
        t.write(s.word(SESSION_KEYRING), KEY).await;
    }
    t.unlock(s.lock(0)).await;
}

/// `lookup_user_key` uses the session keyring once the keyrings seem to be installed.
pub(super) async fn keyring_user(t: Caller, s: Shared) -> Caller {
    if t.read(s.word(SESSION_KEYRING)).await == 0 {
        install_keyrings(&t, s).await;
    }
    let key = t.read(s.word(SESSION_KEYRING)).await;
    check(&t, key != 0);
    t
}

pub(super) async fn keyring_installer(t: Caller, s: Shared) -> Caller {
    install_keyrings(&t, s).await;
    t
}

const LOCK_FREED: u32 = 0;
const WAITERS: u32 = 1;
const DONE: u32 = 2;

/// `once`: the last of those that wait frees the lock. `++waiters` is not atomic in the original; the
/// right variant never frees the lock.
pub(super) async fn once(t: Caller, s: Shared) -> Caller {
    if t.read(s.word(DONE)).await == 1 {
        return t;
    }
    let waiters = t.read(s.word(WAITERS)).await;
    t.write(s.word(WAITERS), waiters + 1).await;
    use_lock(&t, s).await;
    t.lock(s.lock(0)).await;
    if t.read(s.word(DONE)).await == 0 {
        t.write(s.word(DONE), 1).await;
    }
    use_lock(&t, s).await;
    t.unlock(s.lock(0)).await;
    let waiters = t.read(s.word(WAITERS)).await.wrapping_sub(1);
    t.write(s.word(WAITERS), waiters).await;
    if waiters == 0 && !s.fixed {
        use_lock(&t, s).await;
        t.write(s.word(LOCK_FREED), 1).await;
    }
    t
}

/// The lock's memory is used: it must not be freed.
async fn use_lock(t: &Caller, s: Shared) {
    let freed = t.read(s.word(LOCK_FREED)).await;
    check(t, freed == 0);
}

const LISTED: u32 = 0;
const PORTS: u32 = 1;
const PORT_FREED: u32 = 2;
const PORT_TYPE: u32 = 3;

/// `snd_seq_ioctl_create_port`: lists the new port under two locks and uses it afterwards. The right
/// variant uses it before it unlocks.
pub(super) async fn port_creator(t: Caller, s: Shared) -> Caller {
    t.lock(s.lock(0)).await;
    t.lock(s.lock(1)).await;
    let ports = t.read(s.word(PORTS)).await;
    t.write(s.word(LISTED), 1).await;
    t.write(s.word(PORTS), ports + 1).await;
    if s.fixed {
        use_port(&t, s).await;
    }
    t.unlock(s.lock(1)).await;
    t.unlock(s.lock(0)).await;
    if !s.fixed {
        use_port(&t, s).await;
    }
    t
}

async fn use_port(t: &Caller, s: Shared) {
    t.write(s.word(PORT_TYPE), 1).await;
    let freed = t.read(s.word(PORT_FREED)).await;
    check(t, freed == 0);
}

/// `snd_seq_delete_port`: takes the port off the list and frees it.
pub(super) async fn port_deleter(t: Caller, s: Shared) -> Caller {
    t.lock(s.lock(0)).await;
    t.lock(s.lock(1)).await;
    let found = t.read(s.word(LISTED)).await == 1;
    if found {
        let ports = t.read(s.word(PORTS)).await;
        t.write(s.word(LISTED), 0).await;
        t.write(s.word(PORTS), ports - 1).await;
    }
    t.unlock(s.lock(1)).await;
    t.unlock(s.lock(0)).await;
    if found {
        t.write(s.word(PORT_FREED), 1).await;
    }
    t
}
