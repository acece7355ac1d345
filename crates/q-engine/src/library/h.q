/ .h: HTTP and markup.
