"""Pages for people and services for DICOMweb peers; it never calls the pipeline: they meet in the records."""
