//! Files and formats that are common: compression, separators, raw rows of connectors.
