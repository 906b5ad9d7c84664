"""Proposals adjusted to the specimen as a whole: prior shift, label propagation, morphometry.

=====================  ==============================================================================
module                 method
=====================  ==============================================================================
`prior_shift`          how often each class occurs in the specimen (expectation maximisation)
`morphometry`          what the measurements of the cells say of their classes (empirical Bayes)
`label_propagation`    cells with similar embeddings support each other's class (nearest neighbours)
`joint`                the three, one after the other
`reproposal`           the proposals of the cells after the adaptation
`similarity`           cells like a given one, by their embeddings
=====================  ==============================================================================

Pure functions of arrays: nothing here asks a network, reads a file or knows of a window.
"""
