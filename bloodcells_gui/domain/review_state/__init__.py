"""The state that follows from a case's events, updated one event at a time.

Rules that are decided here and nowhere else:

* A person's word stands over the model's: ``CONFIRMED`` where the final class is the predicted one,
  ``RELABELLED`` where it is another, ``EXCLUDED`` with an empty final.
* Undo and redo are events. Acts lie on a stack; undo takes the newest standing act back, redo brings the
  newest undone act again, a new act forgets what could be redone. There is no limit.
* A signature, an amendment and an adjudication are borders: what lies before them cannot be undone any more,
  only changed by a new act. So a signed figure never slips back without a visible decision.
* A signed case takes nothing but further signatures of the same report, until it is amended; an amendment
  opens the next version.
* Cells added by hand (run -1) exist in the case before their ``ADD_CELL``, but stand outside everything
  ("absent") until that event and after its undo or ``REMOVE_CELL``. Since format 6 they wait as proposals; in
  older cases whoever added one confirmed it with that act.
* Red cells have ids and shape classes of their own; a name given to them changes no count of this state.
* Tags are put on cells and taken off; a cell keeps them whatever class it gets.

- :mod:`.cell_states`: the state of each cell, and the counts that follow
- :mod:`.state`: events checked and folded in; acts to undo and redo, and what is said of the case itself
- :mod:`.new_event`: the next event of a case, from what a person asks for
"""

from bloodcells_gui.domain.review_state.cell_states import BY_HAND_RUN, EXCLUDED_LABEL
from bloodcells_gui.domain.review_state.new_event import make_event, utc_now
from bloodcells_gui.domain.review_state.state import Note, ReviewState, fold

__all__ = ["BY_HAND_RUN", "EXCLUDED_LABEL", "Note", "ReviewState", "fold", "make_event", "utc_now"]
