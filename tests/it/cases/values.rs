//! Values that keep their meaning or are refused.
