//! Nothing: the manifest names what is copied.
