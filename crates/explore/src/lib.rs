//! Many runs: found, named, repeated, made small.
