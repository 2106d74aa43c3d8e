Frugal.addClaims('{"board":"chainsaw-offline-2cf258e0","claims":{}}');
