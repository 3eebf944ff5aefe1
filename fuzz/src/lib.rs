//! Fuzz targets; their bodies run on stable as tests.
