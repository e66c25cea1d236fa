"""The archive a person takes away: everything that is kept about her, in one ZIP."""
