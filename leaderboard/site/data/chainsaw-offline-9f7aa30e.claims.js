Frugal.addClaims('{"board":"chainsaw-offline-9f7aa30e","claims":{}}');
