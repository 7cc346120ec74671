//! What a socket call answers.
