//! The association manager without a machine: what it wants after which news.
