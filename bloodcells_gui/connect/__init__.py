"""Messages to laboratory systems and from them: built from signed reports, sent where a person set it up."""
