//! The subject: control blocks, thread control blocks, transport, association manager, builds.
