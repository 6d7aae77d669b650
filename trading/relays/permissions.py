"""Who may use a relay: whoever holds the token of its side. A page uses one before anybody is signed in."""

from storage.kernel.permission import rows

PERMISSIONS = rows("public", "openKeyRelay claimKeyRelay askKeyRelay readKeyAnswer readKeyQuestion answerKeyQuestion "
                             "closeKeyRelay")
