"""Decoders of untrusted images in child processes with limits on memory and time.

An image decoder is a large body of C code that reads what anybody may have written. Here it runs in a child
of this program: when it crashes, hangs or grows, that one image is refused with its reason, the rest goes on.

- :mod:`.protocol`: messages and what they carry; nothing but JSON and raw pixels crosses, never a pickle
- :mod:`.child`: the child's side
- :mod:`.handle`: one child as the program sees it
- :mod:`.pool`: the children, handed out to whatever thread asks, with a clock
"""
