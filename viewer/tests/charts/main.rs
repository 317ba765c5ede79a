//! What a picture shows, read back from the files: SVG is parsed, PNG decoded, and both must say what
//! the figures said.

mod bitmap;
mod canvas;
mod durations;
mod edges;
mod flame;
mod rates;
mod reading;
mod rows;
mod sizes;
mod timeline;
