Frugal.addClaims('{"board":"deforestation-offline-63011a7a","claims":{"0":[3,1,2]}}');
