"""The market channel: sockets in, local books kept and checked, events out."""
